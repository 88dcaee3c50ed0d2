#pragma once

#include <string>

#include "outboxctl/output.hpp"

namespace outbox::ctl {

// "0-15, 32": of an array of ascending numbers.
[[nodiscard]] std::string ranges(const Json& numbers);

}  // namespace outbox::ctl
