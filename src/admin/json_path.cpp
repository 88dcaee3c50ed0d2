#include "admin/json_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

namespace outbox::admin {
namespace {

constexpr std::size_t kMostBytes = 512;
constexpr std::size_t kMostSteps = 32;

Error not_a_path() {
  return {ErrorCode::invalid_argument,
          "a path is written as $.customer.name, $.items[0].price or $['a name']"};
}

bool is_element(std::string_view text) {
  return !text.empty() && text.size() <= 9 && (text == "0" || text.front() != '0') &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes ".name" or ".*" off the front.
std::optional<JsonStep> take_dotted(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view name = rest.substr(0, rest.find_first_of(".["));
  rest.remove_prefix(name.size());
  if (name.empty()) return std::nullopt;
  if (name == "*") return JsonStep{JsonStep::Kind::every, {}};
  return JsonStep{JsonStep::Kind::member, std::string{name}};
}

// Takes "[3]", "[*]", "['name']" off the front; in a name, its quote cannot be.
std::optional<JsonStep> take_bracketed(std::string_view& rest) {
  rest.remove_prefix(1);
  const char quote = rest.empty() ? '\0' : rest.front();
  if (quote == '\'' || quote == '"') {
    rest.remove_prefix(1);
    const std::size_t end = rest.find(quote);
    if (end == std::string_view::npos || !rest.substr(end + 1).starts_with(']')) {
      return std::nullopt;
    }
    JsonStep step{JsonStep::Kind::member, std::string{rest.substr(0, end)}};
    rest.remove_prefix(end + 2);
    return step;
  }
  const std::size_t end = rest.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (inside == "*") return JsonStep{JsonStep::Kind::every, {}};
  if (!is_element(inside)) return std::nullopt;
  return JsonStep{JsonStep::Kind::element, std::string{inside}};
}

// As PostgreSQL reads a step into an array: by strtol, so "0", "00", "+0" and " 0" are one element,
// and "-1" is the last.
std::optional<long> index_of(const std::string& name) {
  char* end = nullptr;
  const long index = std::strtol(name.c_str(), &end, 10);
  if (name.empty() || end != name.c_str() + name.size()) return std::nullopt;
  return index;
}

bool same_place(const JsonStep& a, const JsonStep& b) {
  if (a.kind == JsonStep::Kind::every || b.kind == JsonStep::Kind::every) return true;
  if (a.name == b.name) return true;
  // A name is an element of an array and an object's member alike.
  const auto at = index_of(a.name);
  const auto other = index_of(b.name);
  return at && other && (*at < 0 || *other < 0 || *at == *other);
}

}  // namespace

Result<std::vector<JsonStep>> parse_json_path(std::string_view text) {
  if (text.size() > kMostBytes || !text.starts_with('$')) return not_a_path();
  text.remove_prefix(1);
  std::vector<JsonStep> steps;
  while (!text.empty()) {
    std::optional<JsonStep> step;
    if (text.front() == '.') {
      step = take_dotted(text);
    } else if (text.front() == '[') {
      step = take_bracketed(text);
    }
    if (!step || steps.size() == kMostSteps) return not_a_path();
    steps.push_back(*std::move(step));
  }
  if (steps.empty()) return not_a_path();
  return steps;
}

bool is_plain(const JsonStep& step) {
  return step.kind != JsonStep::Kind::member || !index_of(step.name) || is_element(step.name);
}

bool overlap(const std::vector<JsonStep>& a, const std::vector<JsonStep>& b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!same_place(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace outbox::admin
