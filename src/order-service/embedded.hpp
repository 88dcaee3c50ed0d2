// Files that are part of the program.
#pragma once

#include <span>
#include <string_view>

namespace outbox::orders {

// The SQL of each migration, from version 1 on.
[[nodiscard]] std::span<const std::string_view> embedded_migrations();

[[nodiscard]] std::string_view embedded_openapi();

}  // namespace outbox::orders
