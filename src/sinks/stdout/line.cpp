#include "sinks/stdout/line.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/text/rfc3339.hpp"
#include "support/text/utf8.hpp"
#include "support/webhook/base64.hpp"

namespace outbox::stdout_sink {
namespace {

using nlohmann::json;

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
  });
}

void append_string(std::string& line, std::string_view text) {
  if (is_plain(text)) {
    line += '"';
    line += text;
    line += '"';
  } else {
    line += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

void append_member(std::string& line, std::string_view name, std::string_view text) {
  line += ",\"";
  line += name;
  line += "\":";
  append_string(line, text);
}

// Inside of a string JSON has no line end as it is, so that each is white space.
void append_json(std::string& line, std::string_view text) {
  std::replace_copy_if(
      text.begin(), text.end(), std::back_inserter(line),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

// A byte order mark, which the parser skips, has no place in the middle of a line.
bool is_json(std::string_view text) {
  return !text.starts_with("\xef\xbb\xbf") && json::accept(text);
}

void append_payload(std::string& line, std::string_view payload) {
  line += ",\"payload\":";
  if (is_json(payload)) {
    append_json(line, payload);
  } else if (text::is_utf8(payload)) {
    append_string(line, payload);
    append_member(line, "payload_encoding", "text");
  } else {
    append_string(line, webhook::encode_base64(payload));
    append_member(line, "payload_encoding", "base64");
  }
}

}  // namespace

Result<void> LineMaker::append(std::string& line, const Record& record, std::string_view topic) {
  if (auto read = headers_.read(record.headers); !read) return read;
  fmt::format_to(std::back_inserter(line), "{{\"seq\":{}", record.seq);
  append_member(line, "id", record.id.to_string());
  append_member(line, "topic", topic);
  append_member(line, "aggregatetype", record.aggregate_type);
  append_member(line, "key", record.key);
  append_member(line, "type", record.type);
  append_member(line, "created_at", text::rfc3339_micros(record.created_at_us));
  line += ",\"headers\":";
  append_json(line, record.headers.empty() ? "{}" : record.headers);
  append_payload(line, record.payload);
  line += "}\n";
  return {};
}

}  // namespace outbox::stdout_sink
