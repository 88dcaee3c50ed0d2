// A gate that lets everybody in, for tests of what is behind it.
#pragma once

#include <memory>
#include <optional>

#include "support/http/gate.hpp"
#include "support/http/server.hpp"

namespace outbox::http::testing {

class OpenGate final : public Gate {
 public:
  [[nodiscard]] std::optional<Response> check(Request& /*request*/,
                                              const Route* /*route*/) override {
    return std::nullopt;
  }
};

// Of a server with such a gate.
[[nodiscard]] inline ServerOptions open_to_all() {
  ServerOptions options;
  options.gate = std::make_shared<OpenGate>();
  return options;
}

}  // namespace outbox::http::testing
