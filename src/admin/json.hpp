// JSON as operators get it.
#pragma once

#include <nlohmann/json.hpp>

namespace outbox::admin {

using Json = nlohmann::ordered_json;  // keys in the order in which people read them

}  // namespace outbox::admin
