#include "support/access/token_list.hpp"

#include <sys/stat.h>
#include <utility>

#include "support/access/secret.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::access {
namespace {

constexpr std::chrono::seconds kBetweenLooks{1};

std::string state_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "away";
  std::string state;
  for (const auto number :
       {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
        static_cast<std::int64_t>(status.st_size), static_cast<std::int64_t>(status.st_mode),
        static_cast<std::int64_t>(status.st_mtim.tv_sec),
        static_cast<std::int64_t>(status.st_mtim.tv_nsec),
        static_cast<std::int64_t>(status.st_ctim.tv_sec),
        static_cast<std::int64_t>(status.st_ctim.tv_nsec)}) {
    state += std::to_string(number) + " ";
  }
  return state;
}

}  // namespace

const Token* TokenList::find(std::string_view sha256, TimePoint now) {
  look(now);
  const Token* found = nullptr;
  // All of them, so that the time does not tell which one it was.
  for (const Token& token : tokens_) {
    if (same_secret(token.sha256, sha256)) found = &token;
  }
  return found;
}

void TokenList::look(TimePoint now) {
  if (file_.empty() || now < next_look_) return;
  next_look_ = now + kBetweenLooks;
  std::string state = state_of(file_);
  // What could not be read, for want of descriptors perhaps, may be read the next time.
  if (state == seen_ && problem_.empty()) return;
  seen_ = std::move(state);
  read();
}

void TokenList::read() {
  tokens_.clear();
  const std::string before = std::exchange(problem_, "the tokens were not read to the end");
  auto tokens = read_tokens(file_);
  problem_ = tokens ? std::string() : tokens.error().message;
  if (tokens) {
    tokens_ = *std::move(tokens);
    log::info("read the tokens", {{"file", file_.string()}, {"tokens", tokens_.size()}});
  } else if (problem_ == before) {
    return;  // the log has it
  } else if (tokens.error().code == ErrorCode::not_found) {
    log::warn("nobody can sign in", {{"reason", problem_}});
  } else {
    log::error("nobody can sign in", {{"reason", problem_}});
  }
}

}  // namespace outbox::access
