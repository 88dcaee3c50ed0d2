#include "sinks/kafka/record_headers.hpp"

#include <utility>

#include "support/text/rfc3339.hpp"

namespace outbox::kafka {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// More are added at a cost.
constexpr std::size_t kUsualCount = 12;

// A null pointer is a header without value, not an empty one.
void add(rd_kafka_headers_t* headers, std::string_view name, const char* value, std::size_t size) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value,
                      static_cast<ssize_t>(size));
}

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  add(headers, name, value.data() == nullptr ? "" : value.data(), value.size());
}

}  // namespace

RecordHeaders::RecordHeaders(Mode mode, std::string ce_source)
    : mode_(mode), ce_source_(std::move(ce_source)), id_(36, '-') {}

Result<Headers> RecordHeaders::make(const Record& record) {
  if (auto read = row_.read(record.headers); !read) return std::move(read).error();
  bool has_content_type = false;
  for (std::size_t i = 0; i < row_.size() && !has_content_type; ++i) {
    has_content_type = row_[i].name == "content-type";
  }
  Headers headers(rd_kafka_headers_new(kUsualCount));
  add_own(record, has_content_type, headers.get());
  for (std::size_t i = 0; i < row_.size(); ++i) {
    const auto [name, value, null] = row_[i];
    if (name == "id" || (mode_ == Mode::cloudevents && name.starts_with("ce_"))) continue;
    if (null) {
      add(headers.get(), name, nullptr, 0);
    } else {
      add(headers.get(), name, value);
    }
  }
  return headers;
}

void RecordHeaders::add_own(const Record& record, bool has_content_type,
                            rd_kafka_headers_t* headers) {
  write_id(record.id);
  add(headers, "id", id_);
  if (mode_ == Mode::plain) return;
  write_time(record.created_at_us);
  add(headers, "ce_specversion", "1.0");
  add(headers, "ce_id", id_);
  add(headers, "ce_source", ce_source_);
  add(headers, "ce_type", record.type);
  add(headers, "ce_time", time_);
  if (!has_content_type) add(headers, "content-type", "application/json");
}

void RecordHeaders::write_id(const Uuid& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = 0;
  for (const auto byte : id.bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;  // the hyphens stand there already
    id_[at++] = kDigits[byte >> 4U];
    id_[at++] = kDigits[byte & 15U];
  }
}

// RFC 3339 with microseconds; within a second, only its digits are written again.
void RecordHeaders::write_time(std::int64_t unix_us) {
  auto second = unix_us / kSecond;
  auto fraction = unix_us % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --second;
  }
  constexpr std::size_t kSize = std::string_view("2025-11-24T22:24:24.123456Z").size();
  if (second != time_second_ || time_.size() != kSize) {
    time_ = text::rfc3339_micros(second * kSecond);
    time_second_ = second;
  }
  const std::size_t last = time_.size() - 2;  // before the Z
  for (std::size_t i = 0; i < 6; ++i, fraction /= 10) {
    time_[last - i] = static_cast<char>('0' + fraction % 10);
  }
}

}  // namespace outbox::kafka
