#include "support/access/sessions.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outbox::access {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Sessions::TimePoint kStart{hours(1)};

TEST(Sessions, LastTwelveHours) {
  Sessions sessions;
  const std::string id = sessions.begin("digest", kStart);
  ASSERT_NE(sessions.find(id, kStart), nullptr);
  EXPECT_EQ(sessions.find(id, kStart)->token_sha256, "digest");
  EXPECT_NE(sessions.find(id, kStart)->csrf_token, id);
  EXPECT_NE(sessions.find(id, kStart + hours(12) - seconds(1)), nullptr);
  EXPECT_EQ(sessions.find(id, kStart + hours(12)), nullptr);
}

TEST(Sessions, EndWhenTheyAreEnded) {
  Sessions sessions;
  const std::string id = sessions.begin("digest", kStart);
  const std::string other = sessions.begin("digest", kStart);
  sessions.end(id);
  EXPECT_EQ(sessions.find(id, kStart), nullptr);
  EXPECT_NE(sessions.find(other, kStart), nullptr);
  EXPECT_EQ(sessions.find("", kStart), nullptr);
}

TEST(Sessions, AreBoundedTheOldestEndsFirst) {
  Sessions sessions;
  const std::string oldest = sessions.begin("digest", kStart);
  const std::string second = sessions.begin("digest", kStart + seconds(1));
  for (std::size_t i = 2; i < Sessions::kMost; ++i)
    static_cast<void>(sessions.begin(std::to_string(i), kStart + seconds(2)));
  EXPECT_NE(sessions.find(oldest, kStart), nullptr);
  static_cast<void>(sessions.begin("another", kStart + seconds(3)));
  EXPECT_EQ(sessions.size(), Sessions::kMost);
  EXPECT_EQ(sessions.find(oldest, kStart), nullptr);
  EXPECT_NE(sessions.find(second, kStart), nullptr);
}

TEST(Sessions, OfOneTokenMakeRoomAmongThemselves) {
  Sessions sessions;
  const std::string others = sessions.begin("ann", kStart);
  const std::string oldest = sessions.begin("vic", kStart + seconds(1));
  for (std::size_t i = 0; i < Sessions::kMostOfToken; ++i)
    static_cast<void>(sessions.begin("vic", kStart + seconds(2)));
  EXPECT_EQ(sessions.size(), Sessions::kMostOfToken + 1);
  EXPECT_EQ(sessions.find(oldest, kStart), nullptr);
  EXPECT_NE(sessions.find(others, kStart), nullptr);
}

TEST(Sessions, ThatAreOverMakeRoom) {
  Sessions sessions;
  for (std::size_t i = 0; i < Sessions::kMost; ++i)
    static_cast<void>(sessions.begin(std::to_string(i), kStart));
  static_cast<void>(sessions.begin("digest", kStart + hours(13)));
  EXPECT_EQ(sessions.size(), 1);
}

}  // namespace
}  // namespace outbox::access
