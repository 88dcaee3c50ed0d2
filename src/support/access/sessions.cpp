#include "support/access/sessions.hpp"

#include <algorithm>
#include <utility>

#include "support/access/secret.hpp"

namespace outbox::access {

std::string Sessions::begin(std::string token_sha256, TimePoint now) {
  make_room(token_sha256, now);
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

void Sessions::make_room(std::string_view token_sha256, TimePoint now) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends <= now; });
  const auto is_own = [&](const auto& entry) { return entry.second.token_sha256 == token_sha256; };
  const auto own =
      static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), is_own));
  const bool too_many_own = own >= kMostOfToken;
  if (sessions_.size() < kMost && !too_many_own) return;
  auto oldest = sessions_.end();
  for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
    if (too_many_own && !is_own(*each)) continue;
    if (oldest == sessions_.end() || each->second.ends < oldest->second.ends) oldest = each;
  }
  sessions_.erase(oldest);
}

}  // namespace outbox::access
