// Who may call what.
#pragma once

#include <optional>

#include "support/http/message.hpp"
#include "support/http/router.hpp"

namespace outbox::http {

// Asked for every request as soon as its header is there, and again and again about one whose
// answer is a stream of events, which ends when it is refused. On the server's I/O thread: it must
// not wait.
class Gate {
 public:
  virtual ~Gate() = default;

  // The refusal, or nothing; then `request.caller` is who called, where that is known. `route`:
  // null when the request has none, and will be answered by 404 or the like.
  [[nodiscard]] virtual std::optional<Response> check(Request& request, const Route* route) = 0;
};

}  // namespace outbox::http
