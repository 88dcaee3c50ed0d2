// For tests of routes, not of who may call them.
#pragma once

#include <utility>

#include "support/http/gate.hpp"

namespace outbox::http::testing {

// Takes everybody for the same caller, and refuses nobody.
class OpenGate final : public Gate {
 public:
  explicit OpenGate(Caller everybody = {"tester", Role::operator_})
      : everybody_(std::move(everybody)) {}

  [[nodiscard]] std::optional<Response> check(Request& request, const Route* /*route*/) override {
    request.caller = everybody_;
    return std::nullopt;
  }

 private:
  Caller everybody_;
};

}  // namespace outbox::http::testing
