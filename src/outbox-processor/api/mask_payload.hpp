// Hides parts of payloads from those who may look but not see everything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json_path.hpp"
#include "admin/message_payload.hpp"

namespace outbox::api {

using JsonPaths = std::vector<std::vector<admin::JsonStep>>;

// The JSON text with "***" for whatever is at one of the paths, everything else as it was written.
// Nothing when it is no JSON, or is nested deeper than 128: then none of it may be shown.
[[nodiscard]] std::optional<std::string> mask_payload(std::string_view json,
                                                      const JsonPaths& paths);

// Hides of a row's payload what is at the paths, and all of it where it is no JSON text or is not
// whole. Whether anything is hidden now.
[[nodiscard]] bool mask(admin::StoredPayload& payload, const JsonPaths& paths);

}  // namespace outbox::api
