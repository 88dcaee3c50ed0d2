#include <cstdlib>
#include <string>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include "tests/support/test_database.hpp"

namespace outbox {
namespace {

using test::must_exec;
using test::value_of;

class EnqueueExample : public testing::Test {
 protected:
  EnqueueExample() {
    must_exec(connection_,
              "create table orders (id text primary key, status text not null); "
              "insert into orders values ('42', 'open')");
    setenv("DATABASE_URL", database_.url().c_str(), 1);
  }

  static int pay(const std::string& order_id) {
    const int status = std::system((std::string{ENQUEUE_EXAMPLE} + " " + order_id).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

TEST_F(EnqueueExample, ChangesTheOrderAndWritesTheMessage) {
  EXPECT_EQ(pay("42"), 0);
  EXPECT_EQ(value_of(connection_, "select status from orders"), "paid");
  EXPECT_EQ(value_of(connection_, "select aggregatetype || aggregateid || type from outbox"),
            "order42OrderPaid");
}

TEST_F(EnqueueExample, WritesNoMessageWithoutAChange) {
  EXPECT_EQ(pay("nobody"), 1);
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "0");
}

TEST_F(EnqueueExample, ChangesNothingWithoutAMessage) {
  must_exec(connection_, "alter table outbox rename to elsewhere");
  EXPECT_EQ(pay("42"), 1);
  EXPECT_EQ(value_of(connection_, "select status from orders"), "open");
}

}  // namespace
}  // namespace outbox
