#include "sinks/kafka/record_headers.hpp"

#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/text/rfc3339.hpp"

namespace outbox::kafka {
namespace {

using nlohmann::json;

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

std::string json_string(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

// Reads the row's JSON object without building a tree: strings go straight to the text, and what
// is nested is written again as compact JSON.
class RecordHeaders::Reader final : public nlohmann::json_sax<json> {
 public:
  explicit Reader(RecordHeaders& headers) : out_(headers) {}

  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override {
    if (depth_ != 1) return write("null");
    return add(true, [] {});
  }
  bool boolean(bool value) override { return write(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return write(fmt::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return write(fmt::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) override { return write(text); }
  bool string(string_t& value) override {
    if (depth_ != 1) return write(json_string(value));
    return add(false, [&] { out_.text_ += value; });
  }
  bool binary(binary_t& /*value*/) override { return fail("is not a JSON object"); }

  bool start_object(std::size_t /*size*/) override { return open('{'); }
  bool end_object() override { return close('}'); }
  bool start_array(std::size_t /*size*/) override {
    return depth_ == 0 ? fail("is a JSON array, not an object") : open('[');
  }
  bool end_array() override { return close(']'); }

  bool key(string_t& name) override {
    if (depth_ > 1) {
      separate();
      out_.text_ += json_string(name);
      out_.text_ += ':';
      after_key_ = true;
      return true;
    }
    if (name.find('\0') != string_t::npos) return fail("has a name that holds a NUL character");
    dropped_ = name == "id" || (out_.mode_ == Mode::cloudevents && name.starts_with("ce_"));
    out_.has_content_type_ |= name == "content-type";
    name_ = out_.text_.size();
    out_.text_ += name;
    out_.text_ += '\0';
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*problem*/) override {
    return fail(fmt::format("is not valid JSON at byte {}", position));
  }

 private:
  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  template <class Write>
  bool add(bool null, Write write_value) {
    if (depth_ == 0) return fail("is not a JSON object");
    const std::size_t begin = out_.text_.size();
    write_value();
    if (!dropped_) out_.entries_.push_back({name_, begin, out_.text_.size() - begin, null});
    return true;
  }

  // A value that is not a string: a header of its own, or a piece of a nested one.
  bool write(std::string_view text) {
    if (depth_ == 1) return add(false, [&] { out_.text_ += text; });
    if (depth_ == 0) return fail("is not a JSON object");
    separate();
    out_.text_ += text;
    return true;
  }

  bool open(char bracket) {
    if (depth_ == 1) nested_ = out_.text_.size();
    if (depth_ > 1) separate();
    if (depth_ >= 1) out_.text_ += bracket;
    ++depth_;
    first_ = true;
    return true;
  }

  bool close(char bracket) {
    --depth_;
    first_ = false;
    if (depth_ >= 1) out_.text_ += bracket;
    if (depth_ == 1 && !dropped_) {
      out_.entries_.push_back({name_, nested_, out_.text_.size() - nested_, false});
    }
    return true;
  }

  void separate() {
    if (!first_ && !after_key_) out_.text_ += ',';
    first_ = false;
    after_key_ = false;
  }

  RecordHeaders& out_;
  std::string problem_;
  std::size_t depth_ = 0;
  std::size_t name_ = 0;
  std::size_t nested_ = 0;
  bool dropped_ = false;
  bool first_ = true;
  bool after_key_ = false;
};

RecordHeaders::RecordHeaders(Mode mode, std::string ce_source)
    : mode_(mode), ce_source_(std::move(ce_source)), id_(36, '-') {}

Result<void> RecordHeaders::append(const Record& record, std::vector<rd_kafka_vu_t>& arguments) {
  text_.clear();
  entries_.clear();
  has_content_type_ = false;
  if (record.headers != "{}" && !record.headers.empty()) {
    Reader reader(*this);
    if (!json::sax_parse(record.headers, &reader)) {
      return Error{ErrorCode::message_rejected,
                   fmt::format("the row's headers column {}; it must hold a JSON object such as "
                               "{{\"name\":\"value\"}}",
                               reader.problem())};
    }
  }
  append_own(record, arguments);
  for (const auto& entry : entries_) {
    arguments.push_back(
        entry.null ? header(text_.data() + entry.name, nullptr, 0)
                   : header(text_.data() + entry.name, text_.data() + entry.value, entry.size));
  }
  return {};
}

void RecordHeaders::append_own(const Record& record, std::vector<rd_kafka_vu_t>& arguments) {
  write_id(record.id);
  arguments.push_back(header("id", id_));
  if (mode_ == Mode::plain) return;
  write_time(record.created_at_us);
  arguments.push_back(header("ce_specversion", "1.0"));
  arguments.push_back(header("ce_id", id_));
  arguments.push_back(header("ce_source", ce_source_));
  arguments.push_back(header("ce_type", record.type));
  arguments.push_back(header("ce_time", time_));
  if (!has_content_type_) arguments.push_back(header("content-type", "application/json"));
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
