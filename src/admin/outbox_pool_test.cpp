#include "admin/outbox_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/pause.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::admin {
namespace {

using testing::HasSubstr;

class OutboxPoolTest : public testing::Test {
 protected:
  static std::string backend(PostgresOutbox& outbox) {
    const auto pid = outbox.number("select pg_backend_pid()::bigint");
    return pid ? std::to_string(*pid) : pid.error().message;
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  OutboxPool pool_{database_.url(), "outbox"};
};

TEST_F(OutboxPoolTest, AConnectionIsUsedAgainUnderAnotherName) {
  auto first = pool_.take("alice");
  ASSERT_TRUE(first) << first.error().message;
  const std::string pid = backend(*first);
  EXPECT_EQ(first->actor(), "alice");
  { const PostgresOutbox ended = *std::move(first); }
  auto second = pool_.take("bob");
  ASSERT_TRUE(second);
  EXPECT_EQ(backend(*second), pid);
  EXPECT_EQ(second->actor(), "bob");
}

TEST_F(OutboxPoolTest, ThereAreOnlySoMany) {
  std::vector<PostgresOutbox> taken;
  for (std::size_t i = 0; i < OutboxPool::kConnections; ++i) {
    auto one = pool_.take("alice");
    ASSERT_TRUE(one) << one.error().message;
    taken.push_back(*std::move(one));
  }
  const auto none = pool_.take("alice");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::timeout);
  taken.pop_back();
  EXPECT_TRUE(pool_.take("alice"));
}

TEST_F(OutboxPoolTest, ABrokenConnectionIsReplaced) {
  {
    auto first = pool_.take("alice");
    ASSERT_TRUE(first);
    test::must_exec(connection_, "select pg_terminate_backend(" + backend(*first) + ")");
    EXPECT_FALSE(first->query("select 1"));
  }
  auto second = pool_.take("alice");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->query("select 1"));
}

TEST_F(OutboxPoolTest, AStatementOfARequestIsEndedWhenItTakesTooLong) {
  auto outbox = pool_.take("alice");
  ASSERT_TRUE(outbox);
  const auto timeout = outbox->query("show statement_timeout");
  ASSERT_TRUE(timeout);
  EXPECT_EQ(timeout->text(0, 0), "5s");
  auto own = pool_.open("alice");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->query("show statement_timeout")->text(0, 0), "30s");
}

TEST_F(OutboxPoolTest, AMissingOutboxIsSaidAndFoundLater) {
  test::must_exec(connection_, "alter table outbox rename to gone");
  const auto missing = pool_.take("alice");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("outboxctl migrate"));
  test::must_exec(connection_, "alter table gone rename to outbox");
  EXPECT_TRUE(pool_.take("alice"));
}

TEST_F(OutboxPoolTest, TheAuditNamesTheActor) {
  auto outbox = pool_.take("alice via api");
  ASSERT_TRUE(outbox);
  const auto changed = set_paused(*outbox, true);
  ASSERT_TRUE(changed);
  EXPECT_TRUE(*changed);
  EXPECT_EQ(test::value_of(connection_, "select actor || ' ' || action from outbox_audit"),
            "alice via api pause");
  EXPECT_FALSE(*set_paused(*outbox, true));
}

}  // namespace
}  // namespace outbox::admin
