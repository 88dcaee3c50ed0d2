#include "support/access/sessions.hpp"

#include <algorithm>
#include <utility>

#include "support/access/secret.hpp"

namespace outbox::access {

std::string Sessions::begin(std::string token_sha256, TimePoint now) {
  make_room(now);
  std::string id = random_secret();
  sessions_.emplace(sha256_hex(id), Session{std::move(token_sha256), random_secret(), now + kLife});
  return id;
}

const Sessions::Session* Sessions::find(std::string_view id, TimePoint now) const {
  const auto found = sessions_.find(sha256_hex(id));
  return found == sessions_.end() || found->second.ends <= now ? nullptr : &found->second;
}

void Sessions::end(std::string_view id) {
  sessions_.erase(sha256_hex(id));
}

void Sessions::make_room(TimePoint now) {
  if (sessions_.size() < kMost) return;
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends <= now; });
  if (sessions_.size() < kMost) return;
  sessions_.erase(
      std::min_element(sessions_.begin(), sessions_.end(),
                       [](const auto& a, const auto& b) { return a.second.ends < b.second.ends; }));
}

}  // namespace outbox::access
