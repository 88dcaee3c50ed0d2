#include "inbox/sqlite/transaction_inbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace outbox::sqlite {
namespace {

using ::testing::ElementsAre;

class TransactionInboxTest : public ::testing::Test {
 protected:
  TransactionInboxTest() : database_(open()) {
    EXPECT_TRUE(
        database_.exec("create table account (id text primary key, amount integer not "
                       "null check (amount > 0)) strict"));
    auto made = TransactionInbox::make(database_);
    EXPECT_TRUE(made);
    inbox_.emplace(std::move(made).value());
  }

  Database open() {
    auto opened = Database::open((folder_.path() / "inbox.db").string(),
                                 {.create = true, .busy_timeout = std::chrono::milliseconds(50)});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }

  EffectMessage message(std::string sql, Uuid id = Uuid::v7()) {
    return {id, [this, sql = std::move(sql)] { return database_.exec(sql); }};
  }
  EffectMessage deposit(const std::string& account, int amount, Uuid id = Uuid::v7()) {
    return message("insert into account values ('" + account + "', " + std::to_string(amount) +
                       ") on conflict (id) do update set amount = amount + excluded.amount",
                   id);
  }

  // "applied", "duplicate" or the error's code for each.
  std::vector<std::string> apply(const std::vector<EffectMessage>& messages) {
    std::vector<std::string> words;
    for (const auto& outcome : inbox_->apply(messages)) {
      if (outcome) {
        words.emplace_back(*outcome == InboxOutcome::applied ? "applied" : "duplicate");
      } else if (outcome.error().code == ErrorCode::message_rejected) {
        words.emplace_back("rejected");
      } else {
        EXPECT_EQ(outcome.error().code, ErrorCode::destination_unavailable);
        words.emplace_back("unavailable");
      }
    }
    return words;
  }

  std::int64_t number(const std::string& sql) {
    const auto value = database_.integer(sql);
    EXPECT_TRUE(value) << sql;
    return value ? *value : -1;
  }

  test::TemporaryFolder folder_;
  Database database_;
  std::optional<TransactionInbox> inbox_;
};

TEST_F(TransactionInboxTest, ARedeliveryChangesNothingAndIsCounted) {
  const auto first = deposit("a", 5);
  EXPECT_THAT(apply({first}), ElementsAre("applied"));
  EXPECT_THAT(apply({first}), ElementsAre("duplicate"));
  EXPECT_THAT(apply({first, deposit("a", 2)}), ElementsAre("duplicate", "applied"));
  EXPECT_EQ(number("select amount from account"), 7);
  EXPECT_EQ(
      number("select redeliveries from inbox where message_id = '" + first.id.to_string() + "'"),
      2);
  EXPECT_EQ(number("select count(*) from inbox"), 2);
}

TEST_F(TransactionInboxTest, ABatchKeepsItsOrderAndTellsDuplicatesInside) {
  const auto first = deposit("a", 5);
  EXPECT_THAT(apply({first, message("update account set amount = amount * 10"), first}),
              ElementsAre("applied", "applied", "duplicate"));
  EXPECT_EQ(number("select amount from account"), 50);
  EXPECT_THAT(apply({}), ElementsAre());
}

TEST_F(TransactionInboxTest, ARejectedEffectLeavesNoTraceAndTheNextGoOn) {
  const EffectMessage refused{Uuid::v7(), [this]() -> Result<void> {
                                EXPECT_TRUE(database_.exec("insert into account values ('x', 1)"));
                                return Error{ErrorCode::message_rejected, "not in this state"};
                              }};
  EXPECT_THAT(apply({deposit("a", 1), refused, deposit("a", 1)}),
              ElementsAre("applied", "rejected", "applied"));
  EXPECT_EQ(number("select count(*) from account"), 1);
  EXPECT_EQ(number("select amount from account"), 2);
  EXPECT_EQ(number("select count(*) from inbox"), 2) << "it may be delivered again when it fits";
  EXPECT_THAT(apply({deposit("b", -1), deposit("a", 1)}), ElementsAre("rejected", "applied"))
      << "what the table never takes cannot hold the others up";
}

TEST_F(TransactionInboxTest, AFailureGivesTheWholeBatchUp) {
  const std::vector<EffectMessage> batch{deposit("a", 1), message("insert into nowhere values (1)"),
                                         deposit("a", 1)};
  EXPECT_THAT(apply(batch), ElementsAre("unavailable", "unavailable", "unavailable"));
  EXPECT_EQ(number("select count(*) from account"), 0);
  EXPECT_EQ(number("select count(*) from inbox"), 0);
  EXPECT_THAT(apply({batch[0], batch[2]}), ElementsAre("applied", "applied"));
}

// A full disk ends the transaction by itself.
TEST_F(TransactionInboxTest, AFullDiskGivesTheWholeBatchUpAndPasses) {
  const auto page_count = number("pragma page_count");
  ASSERT_TRUE(database_.integer("pragma max_page_count = " + std::to_string(page_count + 4)));
  const std::string huge = "insert into account values (hex(zeroblob(100000)), 1)";
  const auto small = deposit("a", 1);
  EXPECT_THAT(apply({small, message(huge), deposit("a", 1)}),
              ElementsAre("unavailable", "unavailable", "unavailable"));
  EXPECT_EQ(number("select count(*) from account"), 0);
  EXPECT_THAT(apply({small}), ElementsAre("applied"));
}

TEST_F(TransactionInboxTest, WhileAnotherWritesItIsUnavailable) {
  Database other = open();
  auto tx = Tx::begin(other);
  ASSERT_TRUE(tx);
  const auto first = deposit("a", 1);
  EXPECT_THAT(apply({first}), ElementsAre("unavailable"));
  ASSERT_TRUE(tx->commit());
  EXPECT_THAT(apply({first}), ElementsAre("applied"));
}

}  // namespace
}  // namespace outbox::sqlite
