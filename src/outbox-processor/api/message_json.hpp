// Messages as the API shows them.
#pragma once

#include "admin/json.hpp"

namespace outbox::api {

// Of a document that admin::trace gives: MessageSummary, and Message without its payload.
[[nodiscard]] admin::Json summary_json(const admin::Json& traced);
[[nodiscard]] admin::Json message_json(const admin::Json& traced);

// A number that identifies something, as text, since clients may not count so far; null stays.
[[nodiscard]] admin::Json as_text(const admin::Json& number);

}  // namespace outbox::api
