// The headers of a Kafka record, made from an outbox row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"
#include "outbox/source.hpp"
#include "sinks/row_headers.hpp"

namespace outbox::kafka {

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

// Keeps its memory from one record to the next. Not thread-safe.
class RecordHeaders {
 public:
  enum class Mode { plain, cloudevents };

  RecordHeaders(Mode mode, std::string ce_source);

  // The relay's own come first: `id`, and in CloudEvents mode ce_specversion, ce_id, ce_source,
  // ce_type, ce_time and, unless the row has one, content-type (application/json). Then the row's,
  // in their order: strings as they are, null as a header without value, anything else as compact
  // JSON. A row's header with a name of the relay's own (`id`; in CloudEvents mode ce_*) is
  // dropped.
  //
  // message_rejected: the row's headers are not a JSON object, or a name holds a NUL.
  [[nodiscard]] Result<Headers> make(const Record& record);

 private:
  void add_own(const Record& record, bool has_content_type, rd_kafka_headers_t* headers);
  void write_id(const Uuid& id);
  void write_time(std::int64_t unix_us);

  Mode mode_;
  std::string ce_source_;
  std::string id_;
  std::string time_;
  std::int64_t time_second_ = -1;  // the second whose text time_ holds
  sinks::RowHeaders row_;
};

}  // namespace outbox::kafka
