#include "support/http/json.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

#include <nlohmann/json.hpp>

namespace outbox::http {
namespace {

using Kind = JsonValue::Kind;

// Builds the value from the parser's events. Returning false ends the parse; error_ says why.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  bool null() override { return add({}) != nullptr; }

  bool boolean(bool value) override {
    JsonValue made;
    made.kind = Kind::boolean;
    made.boolean = value;
    return add(std::move(made)) != nullptr;
  }

  bool number_integer(number_integer_t value) override {
    return add_number(std::to_string(value), true);
  }

  bool number_unsigned(number_unsigned_t value) override {
    return add_number(std::to_string(value), true);
  }

  // Also integers that need more than 64 bits come here; `digits` is what was written.
  bool number_float(number_float_t /*value*/, const string_t& digits) override {
    return add_number(digits, digits.find_first_of(".eE") == std::string::npos);
  }

  bool string(string_t& value) override {
    JsonValue made;
    made.kind = Kind::string;
    made.text = std::move(value);
    return add(std::move(made)) != nullptr;
  }

  bool binary(binary_t& /*value*/) override { return fail("binary values are not JSON"); }
  bool start_object(std::size_t /*size*/) override { return open(Kind::object); }
  bool start_array(std::size_t /*size*/) override { return open(Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    keys_.back() = name;
    if (names_.back().insert(std::move(name)).second) return true;
    return fail("the name occurs twice in its object");
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& exception) override {
    const std::string_view what = exception.what();
    if (what.find("UTF-8") != std::string_view::npos) return fail(at(position, "invalid UTF-8"));
    if (what.find("out_of_range") != std::string_view::npos) {
      return fail(at(position, "a number out of range"));
    }
    return fail(at(position, "not valid JSON"));
  }

  // JSON has no raw NUL anywhere, and nlohmann's parser takes one for the end of the text.
  bool check_no_nul() {
    const std::size_t nul = text_.find('\0');
    return nul == std::string_view::npos || fail(at(nul + 1, "a NUL byte"));
  }

  [[nodiscard]] std::variant<JsonValue, FieldError> finish(bool parsed) && {
    if (parsed && error_.detail.empty()) return std::move(root_);
    return std::move(error_);
  }

 private:
  bool add_number(std::string digits, bool integral) {
    JsonValue made;
    made.kind = Kind::number;
    made.integral = integral;
    made.text = std::move(digits);
    return add(std::move(made)) != nullptr;
  }

  JsonValue* add(JsonValue value) {
    if (++count_ > limits_.max_values) {
      fail("more than " + std::to_string(limits_.max_values) + " values; send less at once");
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    JsonValue& parent = *open_.back();
    if (parent.kind == Kind::array) return &parent.items.emplace_back(std::move(value));
    parent.members.push_back({keys_.back(), std::move(value)});
    return &parent.members.back().value;
  }

  bool open(Kind kind) {
    if (open_.size() >= limits_.max_depth) {
      return fail("nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    JsonValue made;
    made.kind = kind;
    JsonValue* added = add(std::move(made));
    if (added == nullptr) return false;
    // The pointer stays valid: its parent gets no further child before this one is closed.
    open_.push_back(added);
    keys_.emplace_back();
    names_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    names_.pop_back();
    return true;
  }

  // Where the parser stands: the child that is being read of each open array or object.
  [[nodiscard]] std::string pointer() const {
    std::string path = "#";
    for (std::size_t level = 0; level < open_.size(); ++level) {
      const JsonValue& value = *open_[level];
      const bool holds_next = level + 1 < open_.size();
      if (value.kind == Kind::array) {
        path = child_pointer(path, std::to_string(value.items.size() - (holds_next ? 1 : 0)));
      } else if (!keys_[level].empty() || holds_next) {
        path = child_pointer(path, keys_[level]);
      }
    }
    return path;
  }

  [[nodiscard]] std::string at(std::size_t position, std::string_view what) const {
    const std::size_t end = std::min(position, text_.size());
    const std::string_view before = text_.substr(0, end);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? end : end - newline - 1;
    return std::string(what) + " at line " + std::to_string(line) + ", column " +
           std::to_string(column);
  }

  bool fail(std::string detail) {
    error_ = {std::move(detail), pointer()};
    return false;
  }

  std::string_view text_;
  JsonLimits limits_;
  JsonValue root_;
  std::vector<JsonValue*> open_;              // from the root down
  std::vector<std::string> keys_;             // the member being read, of each that is open
  std::vector<std::set<std::string>> names_;  // the names seen, of each that is open
  std::size_t count_ = 0;
  FieldError error_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::variant<JsonValue, FieldError> parse_json(std::string_view text, const JsonLimits& limits) {
  Builder builder(text, limits);
  const bool parsed =
      builder.check_no_nul() && nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).finish(parsed);
}

std::string child_pointer(std::string_view parent, std::string_view token) {
  static constexpr std::string_view kPlain = "-._!$'()*+,;=:@";
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string path(parent);
  path += '/';
  for (const char c : token) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '~') {
      path += "~0";
    } else if (c == '/') {
      path += "~1";
    } else if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      path += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      path += '%';
      path += kHex[byte >> 4U];
      path += kHex[byte & 15U];
    }
  }
  return path;
}

}  // namespace outbox::http
