// Which handler answers which method and path.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/http/message.hpp"

namespace outbox::http {

// Runs on one of the server's threads, several at a time. It may wait, but must return: stop()
// waits for it. An exception becomes a 500 without its text.
using Handler = std::function<Response(const Request&)>;

// Where a handler runs. `inline_fast`: on the thread that serves all sockets, so that it answers
// even when every handler thread is busy; only for handlers that never wait.
enum class RunOn { handler_threads, inline_fast };

// Who may call a route. The server refuses everyone else before the handler runs.
enum class Access {
  open,      // anybody
  viewer,    // whoever may read
  operator_  // whoever may change things
};

struct Route {
  std::string method;
  std::string pattern;
  Handler handler;
  RunOn run_on = RunOn::handler_threads;
  Access access = Access::open;
};

class Router {
 public:
  // `pattern` is a path whose segments are literal or one "{name}", as "/v1/orders/{id}". GET
  // answers HEAD too. Throws std::logic_error on a pattern that does not begin with '/' and on a
  // method and pattern added before.
  void add(std::string method, std::string pattern, Handler handler,
           RunOn run_on = RunOn::handler_threads, Access access = Access::open);
  void add(std::string method, std::string pattern, Handler handler, Access access);

  // Sets the access of each route that was added before to what the rule says.
  void restrict(const std::function<Access(const Route&)>& rule);

  struct Match {
    const Route* route;  // owned by the router
    NamedValues path_parameters;
  };
  // The route, or the answer that says why there is none: 404, 405 with Allow, or 400 for a path
  // that does not decode. A literal segment wins over a parameter, from the left.
  [[nodiscard]] std::variant<Match, Response> find(std::string_view method,
                                                   std::string_view path) const;

  [[nodiscard]] std::vector<const Route*> routes() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  [[nodiscard]] std::vector<const Entry*> matching(const std::vector<std::string>& path) const;

  std::vector<Entry> entries_;
};

}  // namespace outbox::http
