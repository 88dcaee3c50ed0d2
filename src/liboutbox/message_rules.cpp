#include "liboutbox/message_rules.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "support/text/utf8.hpp"

namespace outbox {
namespace {

// What is wrong with a field, to be read behind its name.
using Complaint = std::optional<std::string>;

Complaint check_text(std::string_view text) {
  if (!text::is_utf8(text)) return "is not valid UTF-8";
  if (text.find('\0') != std::string_view::npos)
    return "holds a NUL, which the outbox cannot store";
  return std::nullopt;
}

Complaint check_size(std::string_view text, std::size_t most) {
  if (text.empty()) return "is empty";
  if (text.size() <= most) return std::nullopt;
  return "has " + std::to_string(text.size()) + " bytes, more than " + std::to_string(most);
}

Complaint check_name(std::string_view text) {
  if (auto complaint = check_size(text, kMaxNameBytes)) return complaint;
  if (auto complaint = check_text(text)) return complaint;
  if (text::has_control_character(text)) return "holds a control character";
  return std::nullopt;
}

Complaint check_key(std::string_view text) {
  if (auto complaint = check_size(text, kMaxKeyBytes)) return complaint;
  return check_text(text);
}

Complaint check_payload(std::string_view payload, const PayloadRules& rules) {
  if (payload.size() > rules.max_bytes) {
    return "has " + std::to_string(payload.size()) + " bytes, more than max_payload_bytes, " +
           std::to_string(rules.max_bytes);
  }
  return rules.is_text ? check_text(payload) : std::nullopt;
}

// The complaint names the header by its place.
Complaint check_headers(std::span<const Header> headers, std::size_t& bytes) {
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const Header& header = headers[i];
    const std::string place = "[" + std::to_string(i) + "]";
    if (auto complaint = check_name(header.name)) return place + ".name " + *complaint;
    if (auto complaint = check_text(header.value)) return place + ".value " + *complaint;
    if (!names.insert(header.name).second) return place + ".name is there twice";
    bytes += header.name.size() + header.value.size();
  }
  if (bytes <= kMaxHeadersBytes) return std::nullopt;
  return " have " + std::to_string(bytes) + " bytes together, more than " +
         std::to_string(kMaxHeadersBytes);
}

Complaint check_message(const Message& message, const PayloadRules& payload, std::size_t& bytes) {
  if (auto complaint = check_name(message.aggregate_type)) return "aggregate_type " + *complaint;
  if (auto complaint = check_key(message.aggregate_id)) return "aggregate_id " + *complaint;
  if (auto complaint = check_name(message.type)) return "type " + *complaint;
  if (auto complaint = check_payload(message.payload, payload)) return "payload " + *complaint;
  std::size_t header_bytes = 0;
  if (auto complaint = check_headers(message.headers, header_bytes)) return "headers" + *complaint;
  bytes += message.aggregate_type.size() + message.aggregate_id.size() + message.type.size() +
           message.payload.size() + header_bytes;
  return std::nullopt;
}

Error refuse(std::string text) {
  return {ErrorCode::invalid_argument, std::move(text)};
}

}  // namespace

Result<void> check_messages(std::span<const Message> messages, const PayloadRules& payload) {
  if (messages.size() > Outbox::kMaxMessagesPerCall) {
    return refuse(std::to_string(messages.size()) + " messages in one call, more than " +
                  std::to_string(Outbox::kMaxMessagesPerCall) + "; split them");
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (const auto complaint = check_message(messages[i], payload, bytes)) {
      return refuse("message " + std::to_string(i) + ": " + *complaint);
    }
    if (bytes > Outbox::kMaxBytesPerCall) {
      return refuse("the messages up to " + std::to_string(i) + " have more than " +
                    std::to_string(Outbox::kMaxBytesPerCall) + " bytes together; split them");
    }
  }
  return {};
}

std::string headers_as_json(std::span<const Header> headers) {
  auto object = nlohmann::json::object();
  for (const Header& header : headers)
    object[header.name] = header.value;
  return object.dump();
}

std::optional<std::int64_t> available_at_us(const Message& message) {
  if (!message.available_at) return std::nullopt;
  const auto since_epoch = message.available_at->time_since_epoch();
  return std::chrono::ceil<std::chrono::microseconds>(since_epoch).count();
}

}  // namespace outbox
