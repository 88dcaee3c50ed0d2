// What the inbox makes of a server's faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inbox/mongo/accounts_fixture.hpp"
#include "inbox/mongo/fake_server.hpp"

namespace outbox::mongo {
namespace {

using testing::close_account;
using testing::FakeServer;
using testing::open_account;

constexpr int kDuplicateKey = 11000;
constexpr int kValidationFailure = 121;
constexpr int kDiskFull = 14031;
constexpr int kPrimarySteppedDown = 189;
constexpr int kOfTheFuture = 987'654;

// The reply to an insert that failed for the documents of these indexes, by these codes.
Bson insert_reply(int inserted, const std::vector<std::pair<int, int>>& codes) {
  std::vector<Bson> errors;
  for (const auto& [index, code] : codes) {
    Bson error;
    bson_append_int32(error.get(), "index", -1, index);
    bson_append_int32(error.get(), "code", -1, code);
    error.text("errmsg", "no 100% today");
    errors.push_back(std::move(error));
  }
  Bson reply;
  bson_append_int32(reply.get(), "n", -1, inserted);
  if (!errors.empty()) reply.array("writeErrors", errors);
  return reply;
}

std::unique_ptr<Client> client_of(const FakeServer& server) {
  ClientOptions options;
  options.uri = server.uri();
  options.server_selection_timeout = std::chrono::milliseconds(500);
  auto client = Client::create(options);
  EXPECT_TRUE(client);
  return std::move(client).value();
}

std::vector<DocumentMessage> accounts(int count) {
  std::vector<DocumentMessage> messages;
  for (int i = 0; i < count; ++i)
    messages.push_back(open_account(std::to_string(i), 1));
  return messages;
}

TEST(DocumentInboxFaults, OnlyWhatTheServerWillNeverTakeIsRejected) {
  const FakeServer server([](const std::string& command, const Bson&) -> std::optional<Bson> {
    if (command != "insert") return Bson();
    return insert_reply(
        1, {{0, kDiskFull}, {1, kValidationFailure}, {3, kPrimarySteppedDown}, {4, kOfTheFuture}});
  });
  const auto client = client_of(server);
  DocumentInbox inbox(*client, "accounts");
  const auto outcomes = inbox.apply(accounts(5));
  ASSERT_EQ(outcomes.size(), 5U);
  EXPECT_EQ(outcomes[0].error().code, ErrorCode::destination_unavailable);
  EXPECT_EQ(outcomes[1].error().code, ErrorCode::message_rejected);
  EXPECT_THAT(outcomes[1].error().message, ::testing::HasSubstr("no 100% today"));
  EXPECT_EQ(*outcomes[2], InboxOutcome::applied);
  EXPECT_EQ(outcomes[3].error().code, ErrorCode::destination_unavailable);
  EXPECT_EQ(outcomes[4].error().code, ErrorCode::destination_unavailable);
}

TEST(DocumentInboxFaults, AServerThatGoesAwayIsNotAskedForEachOtherMessage) {
  const FakeServer server([](const std::string& command, const Bson&) -> std::optional<Bson> {
    if (command != "insert") return std::nullopt;  // hangs up
    std::vector<std::pair<int, int>> exist;
    for (int i = 0; i < 50; ++i)
      exist.emplace_back(i, kDuplicateKey);
    return insert_reply(0, exist);
  });
  const auto client = client_of(server);
  DocumentInbox inbox(*client, "accounts");
  auto messages = accounts(50);
  messages.push_back(close_account("49"));
  for (const auto& outcome : inbox.apply(messages)) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::destination_unavailable);
  }
  EXPECT_LE(server.count("find"), 2) << "the driver itself may ask a second time";
  EXPECT_EQ(server.count("insert"), 1);
}

}  // namespace
}  // namespace outbox::mongo
