#pragma once

#include <string>

#include "outbox/result.hpp"

namespace outbox::ctl {

// The file's bytes, at most 256 MiB. invalid_argument: it cannot be read, or is larger.
[[nodiscard]] Result<std::string> read_payload(const std::string& path);

}  // namespace outbox::ctl
