#include "outboxctl/output.hpp"

#include "support/text/printable.hpp"

namespace outbox::ctl {

void print_line(std::ostream& out, const Json& json) {
  out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

std::string shown(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? text::printable(value.get_ref<const std::string&>()) : value.dump();
}

std::string count_of(std::int64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace outbox::ctl
