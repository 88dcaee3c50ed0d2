// What PostgreSQL accepts as UTF-8.
#pragma once

#include <string_view>

namespace outbox::text {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is well-formed.
[[nodiscard]] bool is_utf8(std::string_view text);

// Holds a control character: U+0000 to U+001F or U+007F to U+009F. Precondition: is_utf8(text).
[[nodiscard]] bool has_control_character(std::string_view text);

}  // namespace outbox::text
