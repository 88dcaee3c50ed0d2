// The part of JSON Schema that the services' openapi.json use, for the tests that hold them against
// the running services.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace outbox::http::testing {

// How the value breaks the schema; empty: it does not. `document` is where "$ref" points into. A
// keyword that is not understood counts as broken, so that nothing goes unchecked.
[[nodiscard]] std::vector<std::string> violations(const nlohmann::json& document,
                                                  const nlohmann::json& schema,
                                                  const nlohmann::json& value,
                                                  const std::string& at = "#");

}  // namespace outbox::http::testing
