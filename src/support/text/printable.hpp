// Data of unknown origin in messages to people.
#pragma once

#include <string>
#include <string_view>

namespace outbox::text {

// The text with control characters and bytes that are not UTF-8 shown as \xNN, so that data cannot
// steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace outbox::text
