// The headers of a request, made from an outbox row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sinks/row_headers.hpp"

namespace outbox::http_sink {

// Whether HTTP carries the text as a header's value as it is: no control characters but the tab,
// and neither begins nor ends with white space.
[[nodiscard]] bool fits_header_value(std::string_view value);

// Not thread-safe.
class RequestHeaders {
 public:
  RequestHeaders(std::string content_type, std::string_view ce_source);

  // "name: value" each; all but those that differ from one attempt to the next. First CloudEvents'
  // (binary mode): ce-specversion, ce-id, ce-source, ce-type, ce-time, ce-subject (the key),
  // ce-aggregatetype and, where the record names one, ce-topic, percent-encoded as its HTTP binding
  // demands. Then the row's, by RowHeaders.
  // Of the row's, some are left out: null values; names that are no HTTP token; values that do not
  // fit; and names that belong to the connection or to this sink (Host, Content-Length, Connection,
  // Authorization, Cookie, Proxy-…, webhook-…, ce-…, …).
  //
  // message_rejected: the row's headers are not a JSON object.
  [[nodiscard]] Result<std::vector<std::string>> make(const Record& record);

 private:
  std::string content_type_;
  std::string ce_source_;  // percent-encoded
  sinks::RowHeaders row_;
};

}  // namespace outbox::http_sink
