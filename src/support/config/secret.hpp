// A setting that nobody shows by accident.
#pragma once

#include <string>
#include <utility>

namespace outbox::config {

// Text that is a credential or may hold one, as a URL with a password may. It has no formatter, no
// stream operator and no conversion to text, so that a line of the log or an error with one in it
// does not compile (secret_test.cpp). mask_url makes of a revealed URL what may be shown.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret& operator=(std::string value) {
    value_ = std::move(value);
    return *this;
  }

  // For the call that needs it: of the library that connects or signs.
  [[nodiscard]] const std::string& reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace outbox::config
