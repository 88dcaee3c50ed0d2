// Looks for messages, a page at a time, at a cost that does not grow with how many there are.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "admin/page.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// Empty: every one. Times are as people write them: "2h" for two hours ago, or RFC 3339.
struct MessageFilter {
  std::string status;  // pending, delayed, retrying, held, processed, dead or discarded
  std::string topic;   // where it was delivered to
  std::string aggregate_type;
  std::string aggregate_id;
  std::string type;
  std::string since;  // by created_at
  std::string until;  // exclusive
  std::string error;  // a part of the last error
  std::string path;   // see parse_json_path, without wildcards; of payloads of type json and jsonb
  std::string value;  // what is at the path as it was written, the payload
  bool ascending = false;
};

// How much a page looks at when a filter has no index: whichever comes first.
struct SearchBounds {
  std::int64_t rows = 20'000;
  std::chrono::milliseconds time{50};
};

// Of MessageSummary, see message_summary.hpp.
struct MessagePage : Page {
  std::optional<std::int64_t> searched_to;  // the seq where looking ended, unless complete
  bool complete = true;                     // false: the bounds cut it short
};

// Newest first, or oldest first. invalid_argument names the filter that is wrong.
[[nodiscard]] Result<MessagePage> search_messages(PostgresOutbox& outbox,
                                                  const MessageFilter& filter,
                                                  const PageRequest& page,
                                                  const SearchBounds& bounds = {});

}  // namespace outbox::admin
