#include "inbox/mongo/client.hpp"

#include <gtest/gtest.h>

namespace outbox::mongo {
namespace {

Result<std::unique_ptr<Client>> client_of(const std::string& uri) {
  ClientOptions options;
  options.uri = uri;
  return Client::create(options);
}

struct Durability {
  std::int32_t w;
  bool journal;
};

// What writes ask of the server.
Durability durability_of(const std::string& uri) {
  const auto client = client_of(uri);
  EXPECT_TRUE(client) << uri;
  const Collection collection = (*client)->collection("any");
  const auto* concern = mongoc_collection_get_write_concern(collection.get());
  return {mongoc_write_concern_get_w(concern), mongoc_write_concern_get_journal(concern)};
}

TEST(Client, WritesAreAcknowledgedByTheJournalsOfAMajority) {
  const Durability durability = durability_of("mongodb://127.0.0.1:1/");
  EXPECT_EQ(durability.w, MONGOC_WRITE_CONCERN_W_MAJORITY);
  EXPECT_TRUE(durability.journal);
}

TEST(Client, TheUriMayAskForAnotherAcknowledgement) {
  EXPECT_EQ(durability_of("mongodb://127.0.0.1:1/?w=2").w, 2);
  EXPECT_TRUE(durability_of("mongodb://127.0.0.1:1/?w=2").journal);
  EXPECT_FALSE(durability_of("mongodb://127.0.0.1:1/?w=1&journal=false").journal);
}

TEST(Client, WritesWithoutAcknowledgementAreRefused) {
  const auto client = client_of("mongodb://user:hunter2@127.0.0.1:1/?w=0");
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(client.error().message.find("w=0"), std::string::npos);
  EXPECT_EQ(client.error().message.find("hunter2"), std::string::npos);
}

TEST(Client, ANameThatDnsDoesNotKnowIsAnErrorWithoutTheSecret) {
  const auto client = client_of("mongodb+srv://user:hunter2@mongo.example.invalid/");
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::destination_unavailable);
  EXPECT_EQ(client.error().message.find("hunter2"), std::string::npos);
}

TEST(Client, AMalformedUriIsRefusedWithoutQuotingIt) {
  ClientOptions options;
  options.uri = "mongo://user:hunter2@nowhere";
  const auto client = Client::create(options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(client.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace outbox::mongo
