// The part of JSON Schema that openapi.json uses, for the test that holds it against the service.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace outbox::orders::testing {

// How the value breaks the schema; empty: it does not. `document` is where "$ref" points into. A
// keyword that is not understood counts as broken, so that nothing goes unchecked.
[[nodiscard]] std::vector<std::string> violations(const nlohmann::json& document,
                                                  const nlohmann::json& schema,
                                                  const nlohmann::json& value,
                                                  const std::string& at = "#");

}  // namespace outbox::orders::testing
