// What commands print alike.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "admin/json.hpp"

namespace outbox::ctl {

using admin::Json;

// As one line. Bytes that are not UTF-8 are replaced.
void print_line(std::ostream& out, const Json& json);

// A value in a text for a terminal: strings without quotes and control characters, null as "-".
[[nodiscard]] std::string shown(const Json& value);

// "1 message", "2 messages".
[[nodiscard]] std::string count_of(std::int64_t count, const std::string& thing);

}  // namespace outbox::ctl
