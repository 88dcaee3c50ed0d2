// Paths into JSON documents, as people write them: $.customer.name, $.items[0], $['a.b'].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::admin {

struct JsonStep {
  enum class Kind { member, element, every };

  Kind kind = Kind::member;
  std::string name;  // of a member; an element's index in digits; empty for every one
};

// One step or more. Takes "$" and then ".name", "['name']" or "[\"name\"]" for members, "[3]" for
// elements of arrays, "[*]" or ".*" for every member or element. invalid_argument: anything else,
// more than 512 bytes or 32 steps.
[[nodiscard]] Result<std::vector<JsonStep>> parse_json_path(std::string_view text);

// Whether the step names one place: "00", "+1" and "-1" name other members of objects than elements
// of arrays.
[[nodiscard]] bool is_plain(const JsonStep& step);

// Whether one of them may lead to a place inside the other's, or to the same, as PostgreSQL follows
// them.
[[nodiscard]] bool overlap(const std::vector<JsonStep>& a, const std::vector<JsonStep>& b);

}  // namespace outbox::admin
