#include "sinks/row_headers.hpp"

#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace outbox::sinks {
namespace {

using nlohmann::json;

std::string json_string(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

// Reads the row's JSON object without building a tree: strings go straight to the text, and what
// is nested is written again as compact JSON.
class RowHeaders::Reader final : public nlohmann::json_sax<json> {
 public:
  explicit Reader(RowHeaders& headers) : out_(headers) {}

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
    out_.entries_.push_back({name_, begin, out_.text_.size() - begin, null});
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
    if (depth_ == 1) {
      out_.entries_.push_back({name_, nested_, out_.text_.size() - nested_, false});
    }
    return true;
  }

  void separate() {
    if (!first_ && !after_key_) out_.text_ += ',';
    first_ = false;
    after_key_ = false;
  }

  RowHeaders& out_;
  std::string problem_;
  std::size_t depth_ = 0;
  std::size_t name_ = 0;
  std::size_t nested_ = 0;
  bool first_ = true;
  bool after_key_ = false;
};

Result<void> RowHeaders::read(std::string_view text) {
  text_.clear();
  entries_.clear();
  if (text == "{}" || text.empty()) return {};
  Reader reader(*this);
  if (json::sax_parse(text, &reader)) return {};
  return Error{ErrorCode::message_rejected,
               fmt::format("the row's headers column {}; it must hold a JSON object such as "
                           "{{\"name\":\"value\"}}",
                           reader.problem())};
}

RowHeaders::Header RowHeaders::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view text(text_);
  return {std::string_view(text_.c_str() + entry.name), text.substr(entry.value, entry.size),
          entry.null};
}

}  // namespace outbox::sinks
