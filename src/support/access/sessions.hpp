// Who is signed in by a browser.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace outbox::access {

// In memory: a restart signs everybody out. Not thread-safe.
class Sessions {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMost = 1'000;  // one more, and the oldest ends
  // Of one token, so that nobody signs the others out by signing in.
  static constexpr std::size_t kMostOfToken = 20;
  static constexpr std::chrono::hours kLife{12};

  struct Session {
    std::string token_sha256;  // of the token that began it; the session is good while that is
    std::string csrf_token;    // what a page must show to change anything
    TimePoint ends{};
  };

  // The session's id, a secret that goes into the cookie.
  [[nodiscard]] std::string begin(std::string token_sha256, TimePoint now);
  // Null: none, or it has ended. Valid until the next begin or end.
  [[nodiscard]] const Session* find(std::string_view id, TimePoint now) const;
  void end(std::string_view id);

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  void make_room(std::string_view token_sha256, TimePoint now);

  // By the digest of the id: the time of a look-up tells nothing about the ids that are there.
  std::map<std::string, Session, std::less<>> sessions_;
};

}  // namespace outbox::access
