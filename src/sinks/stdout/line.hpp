// A message as a line of JSON.
#pragma once

#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sinks/row_headers.hpp"

namespace outbox::stdout_sink {

// Not thread-safe.
class LineMaker {
 public:
  // Appends one object and its newline:
  //   {"seq":7,"id":"…","topic":"…","aggregatetype":"…","key":"…","type":"…","created_at":"…",
  //    "headers":{…},"payload":…}
  // The payload is JSON as it is, but for line ends. One that is no JSON is a string, and
  // "payload_encoding" follows: "text", or "base64" for bytes that are not UTF-8. Bytes that are
  // not UTF-8 in other texts become U+FFFD.
  //
  // message_rejected: the row's headers are not a JSON object; `line` is as it was.
  [[nodiscard]] Result<void> append(std::string& line, const Record& record,
                                    std::string_view topic);

 private:
  sinks::RowHeaders headers_;
};

}  // namespace outbox::stdout_sink
