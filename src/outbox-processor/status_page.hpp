#pragma once

#include <string_view>

namespace outbox {

// One plain page that shows GET /api/v1/overview and asks for it every two seconds; its script is
// a file of its own, as the content security policy wants it.
[[nodiscard]] std::string_view status_page_html();
[[nodiscard]] std::string_view status_page_css();
[[nodiscard]] std::string_view status_page_js();

}  // namespace outbox
