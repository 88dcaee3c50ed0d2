#include "outboxctl/confirm.hpp"

namespace outbox::ctl {

Result<void> confirm(Console& console, bool yes, const std::string& what,
                     const std::string& answer) {
  if (yes) return {};
  if (!console.interactive) {
    return Error{ErrorCode::invalid_argument,
                 what + ", which cannot be undone; if you mean it, add --yes"};
  }
  console.err << what << ", which cannot be undone. Type " << answer << " to go on: " << std::flush;
  std::string typed;
  std::getline(console.in, typed);
  if (typed == answer) return {};
  return Error{ErrorCode::conflict, "that was not " + answer + ": nothing was changed"};
}

}  // namespace outbox::ctl
