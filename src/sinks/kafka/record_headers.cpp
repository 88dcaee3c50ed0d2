#include "sinks/kafka/record_headers.hpp"

#include <utility>

#include <fmt/format.h>

#include "support/text/rfc3339.hpp"

namespace outbox::kafka {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

rd_kafka_vu_t header(const char* name, const void* value, std::size_t size) {
  rd_kafka_vu_t argument{};
  argument.vtype = RD_KAFKA_VTYPE_HEADER;
  argument.u.header = {name, value, static_cast<ssize_t>(size)};
  return argument;
}

rd_kafka_vu_t header(const char* name, std::string_view value) {
  return header(name, value.data(), value.size());
}

}  // namespace

RecordHeaders::RecordHeaders(Mode mode, std::string ce_source)
    : mode_(mode), ce_source_(std::move(ce_source)), id_(36, '-') {}

Result<void> RecordHeaders::append(const Record& record, std::vector<rd_kafka_vu_t>& arguments) {
  if (auto read = row_.read(record.headers); !read) return read;
  bool has_content_type = false;
  for (std::size_t i = 0; i < row_.size() && !has_content_type; ++i) {
    has_content_type = row_[i].name == "content-type";
  }
  append_own(record, has_content_type, arguments);
  for (std::size_t i = 0; i < row_.size(); ++i) {
    const auto [name, value, null] = row_[i];
    if (name == "id" || (mode_ == Mode::cloudevents && name.starts_with("ce_"))) continue;
    arguments.push_back(null ? header(name.data(), nullptr, 0) : header(name.data(), value));
  }
  return {};
}

void RecordHeaders::append_own(const Record& record, bool has_content_type,
                               std::vector<rd_kafka_vu_t>& arguments) {
  write_id(record.id);
  arguments.push_back(header("id", id_));
  if (mode_ == Mode::plain) return;
  write_time(record.created_at_us);
  arguments.push_back(header("ce_specversion", "1.0"));
  arguments.push_back(header("ce_id", id_));
  arguments.push_back(header("ce_source", ce_source_));
  arguments.push_back(header("ce_type", record.type));
  arguments.push_back(header("ce_time", time_));
  if (!has_content_type) arguments.push_back(header("content-type", "application/json"));
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
