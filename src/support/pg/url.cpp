#include "support/pg/url.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace outbox::pg {
namespace {

constexpr std::string_view kRemedy =
    "; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the "
    "password percent-encoded (@ is %40, / is %2F, ? is %3F, # is %23, % is %25)";

bool is_uri(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

// "5432", "5432,5433", "" – one port for each host.
bool is_port_list(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == ','; });
}

Error refuse(std::string_view what) {
  return {ErrorCode::invalid_argument, std::string{what}.append(kRemedy)};
}

struct Free {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

}  // namespace

Result<void> check_url(const std::string& url) {
  if (url.empty()) return refuse("the database URL is empty");
  const std::unique_ptr<PQconninfoOption, Free> options{PQconninfoParse(url.c_str(), nullptr)};
  if (!options) return refuse("the database URL cannot be read");
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword{option->keyword};
    const std::string_view value{option->val};
    if (keyword == "port" && !is_port_list(value)) {
      return refuse("the database URL's port is not a number");
    }
    const bool names_a_place = keyword == "host" || keyword == "hostaddr" || keyword == "dbname";
    if (is_uri(url) && names_a_place && value.find('@') != std::string_view::npos) {
      return refuse("the database URL has an @ in its host or database name");
    }
  }
  return {};
}

}  // namespace outbox::pg
