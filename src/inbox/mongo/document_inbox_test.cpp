#include "inbox/mongo/document_inbox.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "inbox/mongo/accounts_fixture.hpp"
#include "inbox/mongo/test_database.hpp"

namespace outbox::mongo {
namespace {

using testing::close_account;
using testing::open_account;

class DocumentInboxTest : public ::testing::Test {
 protected:
  InboxOutcome outcome_of(const DocumentMessage& message) {
    const auto outcomes = inbox_.apply(std::span(&message, 1));
    EXPECT_TRUE(outcomes[0]) << (outcomes[0] ? "" : outcomes[0].error().message);
    return *outcomes[0];
  }
  std::unique_ptr<Bson> read(const std::string& id) {
    auto found = database_.client().collection("accounts").find_by_id(id);
    EXPECT_TRUE(found && *found != nullptr) << id;
    return std::move(found).value();
  }
  std::vector<Bson> effects(const std::string& id) { return find_documents(*read(id), "effects"); }

  TestDatabase database_;
  DocumentInbox inbox_{database_.client(), "accounts"};
};

TEST_F(DocumentInboxTest, ARedeliveryChangesNothing) {
  const DocumentMessage open = open_account("a", 5);
  EXPECT_EQ(outcome_of(open), InboxOutcome::applied);
  const auto before = read("a");
  EXPECT_EQ(outcome_of(open), InboxOutcome::duplicate);
  EXPECT_TRUE(bson_equal(before->get(), read("a")->get()));

  const DocumentMessage close = close_account("a");
  EXPECT_EQ(outcome_of(close), InboxOutcome::applied);
  EXPECT_EQ(outcome_of(close), InboxOutcome::duplicate);
  EXPECT_EQ(outcome_of(open), InboxOutcome::duplicate);
  EXPECT_EQ(effects("a").size(), 2U);
}

TEST_F(DocumentInboxTest, TheLedgerTellsEachEffectInOrder) {
  const DocumentMessage open = open_account("a", 5);
  const DocumentMessage close = close_account("a");
  EXPECT_EQ(outcome_of(open), InboxOutcome::applied);
  EXPECT_EQ(outcome_of(close), InboxOutcome::applied);
  const auto ledger = effects("a");
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_EQ(find_text(ledger[0], "messageId"), open.id.to_string());
  EXPECT_EQ(find_text(ledger[0], "effect"), "opened");
  EXPECT_EQ(find_integer(ledger[0], "amountMinor"), 5);
  EXPECT_GT(find_date(ledger[0], "at").value_or(0), 1'600'000'000'000);
  EXPECT_EQ(find_text(ledger[1], "messageId"), close.id.to_string());
  EXPECT_EQ(find_text(*read("a"), "state"), "closed");
}

TEST_F(DocumentInboxTest, AnEffectThatTheStateDoesNotAdmitIsRejectedAndLeavesNoTrace) {
  EXPECT_EQ(outcome_of(open_account("a", 5)), InboxOutcome::applied);
  const DocumentMessage again = open_account("a", 6);
  const auto outcomes = inbox_.apply(std::span(&again, 1));
  ASSERT_FALSE(outcomes[0]);
  EXPECT_EQ(outcomes[0].error().code, ErrorCode::message_rejected);
  EXPECT_EQ(effects("a").size(), 1U);
  EXPECT_EQ(find_integer(*read("a"), "amount"), 5);
}

TEST_F(DocumentInboxTest, ABatchKeepsTheOrderOfEachDocumentAndTellsDuplicatesInside) {
  std::vector<DocumentMessage> batch;
  for (int i = 0; i < 300; ++i)
    batch.push_back(open_account("b" + std::to_string(i), i));
  for (int i = 0; i < 300; i += 3)
    batch.push_back(close_account("b" + std::to_string(i)));
  batch.push_back(open_account("b1", 1, batch[1].id));
  const auto outcomes = inbox_.apply(batch);
  ASSERT_EQ(outcomes.size(), batch.size());
  for (std::size_t i = 0; i + 1 < outcomes.size(); ++i) {
    ASSERT_TRUE(outcomes[i]) << i << outcomes[i].error().message;
    EXPECT_EQ(*outcomes[i], InboxOutcome::applied) << i;
  }
  EXPECT_EQ(*outcomes.back(), InboxOutcome::duplicate);
  const auto ledger = effects("b3");
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_EQ(find_text(ledger[0], "effect"), "opened");
  EXPECT_EQ(find_text(ledger[1], "effect"), "closed");
}

TEST_F(DocumentInboxTest, AfterItsPatienceItLeavesTheRestAndStillGetsFurtherEachTime) {
  DocumentInbox hurried(database_.client(), "accounts", std::chrono::milliseconds(0));
  std::vector<DocumentMessage> batch;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome_of(open_account("p" + std::to_string(i), 1)), InboxOutcome::applied);
    batch.push_back(close_account("p" + std::to_string(i)));
  }
  std::vector<std::size_t> finished;
  while (!batch.empty() && finished.size() < 4) {
    const auto outcomes = hurried.apply(batch);
    finished.push_back(0);
    for (std::size_t i = outcomes.size(); i-- > 0;) {
      if (outcomes[i]) {
        ++finished.back();
        batch.erase(batch.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        EXPECT_EQ(outcomes[i].error().code, ErrorCode::destination_unavailable);
      }
    }
  }
  EXPECT_EQ(finished, (std::vector<std::size_t>{1, 1, 1}));
}

// What a consumer that lost its partitions and the one that got them may do at once.
TEST_F(DocumentInboxTest, OfManyWhoDeliverTheSameMessageOneCreatesTheDocument) {
  constexpr int kConsumers = 4;
  constexpr std::size_t kMessages = 50;
  std::vector<DocumentMessage> messages;
  for (std::size_t i = 0; i < kMessages; ++i) {
    messages.push_back(open_account("c" + std::to_string(i), 1));
  }
  std::atomic<int> applied{0};
  {
    std::vector<std::jthread> consumers;
    for (int i = 0; i < kConsumers; ++i) {
      consumers.emplace_back([&] {
        DocumentInbox inbox(database_.client(), "accounts");
        for (const auto& message : messages) {
          const auto outcomes = inbox.apply(std::span(&message, 1));
          if (outcomes[0] && *outcomes[0] == InboxOutcome::applied) ++applied;
        }
      });
    }
  }
  EXPECT_EQ(applied, static_cast<int>(kMessages));
  for (std::size_t i = 0; i < kMessages; ++i) {
    EXPECT_EQ(effects("c" + std::to_string(i)).size(), 1U);
  }
}

TEST(DocumentInbox, AServerThatIsAwayFailsEachMessageAndSaysNothingSecret) {
  ClientOptions options;
  options.uri = "mongodb://user:hunter2@127.0.0.1:1/";
  options.server_selection_timeout = std::chrono::milliseconds(200);
  auto client = Client::create(options);
  ASSERT_TRUE(client);
  DocumentInbox inbox(**client, "accounts");
  const std::vector<DocumentMessage> batch = [] {
    std::vector<DocumentMessage> messages;
    messages.push_back(open_account("a", 1));
    messages.push_back(close_account("a"));
    return messages;
  }();
  for (const auto& outcome : inbox.apply(batch)) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::destination_unavailable);
    EXPECT_EQ(outcome.error().message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace outbox::mongo
