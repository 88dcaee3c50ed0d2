#include "liboutbox/message_rules.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

Message valid() {
  Message message;
  message.aggregate_type = "order";
  message.aggregate_id = "42";
  message.type = "OrderCreated";
  message.payload = "{}";
  message.headers = {{"traceparent", "00-1"}, {"empty", ""}};
  return message;
}

Result<void> check(const Message& message, const PayloadRules& options = {}) {
  return check_messages(std::span{&message, 1}, options);
}

// The complaint about a message that broke one rule.
std::string complaint(const Message& message, const PayloadRules& options = {}) {
  const auto checked = check(message, options);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  return checked.error().message;
}

TEST(MessageRules, AcceptAValidMessage) {
  EXPECT_TRUE(check(valid()));
  EXPECT_TRUE(check_messages({}, {}));
}

TEST(MessageRules, NameTheMessageAndTheField) {
  std::vector<Message> messages{valid(), valid(), valid()};
  messages[2].aggregate_id.clear();
  const auto checked = check_messages(messages, {});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "message 2: aggregate_id is empty");
}

TEST(MessageRules, RefuseEmptyAndOverlongNames) {
  for (auto field : {&Message::aggregate_type, &Message::type}) {
    Message message = valid();
    message.*field = "";
    EXPECT_THAT(complaint(message), HasSubstr("is empty"));
    message.*field = std::string(255, 'x');
    EXPECT_TRUE(check(message));
    message.*field = std::string(256, 'x');
    EXPECT_THAT(complaint(message), HasSubstr("256 bytes, more than 255"));
    message.*field = "a\nb";
    EXPECT_THAT(complaint(message), HasSubstr("control character"));
  }
}

TEST(MessageRules, LimitTheKey) {
  Message message = valid();
  message.aggregate_id = std::string(1'024, 'x');
  EXPECT_TRUE(check(message));
  message.aggregate_id += 'x';
  EXPECT_THAT(complaint(message), HasSubstr("aggregate_id has 1025 bytes"));
  message.aggregate_id = "line\nbreak";
  EXPECT_TRUE(check(message));
  message.aggregate_id = "nul\0"s;
  EXPECT_THAT(complaint(message), HasSubstr("aggregate_id holds a NUL"));
}

TEST(MessageRules, RefuseInvalidUtf8Everywhere) {
  for (auto field :
       {&Message::aggregate_type, &Message::aggregate_id, &Message::type, &Message::payload}) {
    Message message = valid();
    message.*field = "a\xFFz";
    EXPECT_THAT(complaint(message), HasSubstr("is not valid UTF-8"));
    EXPECT_THAT(complaint(message), Not(HasSubstr("\xFF")));
  }
  Message message = valid();
  message.headers[1].name = "\xC3";
  EXPECT_EQ(complaint(message), "message 0: headers[1].name is not valid UTF-8");
  message = valid();
  message.headers[0].value = "\xED\xA0\x80";
  EXPECT_EQ(complaint(message), "message 0: headers[0].value is not valid UTF-8");
}

TEST(MessageRules, LetBinaryPayloadsBeAnything) {
  Message message = valid();
  message.payload = "\0\xFF"s;
  PayloadRules options;
  EXPECT_THAT(complaint(message, options), HasSubstr("payload is not valid UTF-8"));
  message.payload = "a\0b"s;
  EXPECT_THAT(complaint(message, options), HasSubstr("payload holds a NUL"));
  options.is_text = false;
  EXPECT_TRUE(check(message, options));
}

TEST(MessageRules, LimitThePayload) {
  PayloadRules options;
  options.max_bytes = 10;
  Message message = valid();
  message.payload = "0123456789";
  EXPECT_TRUE(check(message, options));
  message.payload += 'x';
  EXPECT_THAT(complaint(message, options), HasSubstr("payload has 11 bytes"));
}

TEST(MessageRules, RefuseBadHeaderNames) {
  Message message = valid();
  message.headers[1].name = "";
  EXPECT_THAT(complaint(message), HasSubstr("headers[1].name is empty"));
  message.headers[1].name = "x\r\ny";
  EXPECT_THAT(complaint(message), HasSubstr("headers[1].name holds a control character"));
  message.headers[1].name = "traceparent";
  EXPECT_THAT(complaint(message), HasSubstr("headers[1].name is there twice"));
  message = valid();
  message.headers[0].value = "line\nbreak";
  EXPECT_TRUE(check(message));
  message.headers[0].value = "nul\0"s;
  EXPECT_THAT(complaint(message), HasSubstr("headers[0].value holds a NUL"));
}

TEST(MessageRules, TakeAThousandHeadersWithinTheirSize) {
  Message message = valid();
  message.headers.clear();
  for (int i = 0; i < 1'000; ++i)
    message.headers.push_back({"name-" + std::to_string(i), "value"});
  EXPECT_TRUE(check(message));
  message.headers.push_back({"big", std::string(kMaxHeadersBytes, 'x')});
  EXPECT_THAT(complaint(message), HasSubstr("headers have"));
}

TEST(MessageRules, LimitACall) {
  const std::vector<Message> many(Outbox::kMaxMessagesPerCall + 1, valid());
  EXPECT_TRUE(check_messages(std::span{many}.first(Outbox::kMaxMessagesPerCall), {}));
  const auto checked = check_messages(many, {});
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("10001 messages"));

  PayloadRules options;
  options.max_bytes = Outbox::kMaxBytesPerCall;
  Message large = valid();
  large.payload = std::string(Outbox::kMaxBytesPerCall, ' ');
  EXPECT_THAT(complaint(large, options), HasSubstr("bytes together"));
}

TEST(AvailableAt, IsNeverStoredEarlierThanItWasAskedFor) {
  Message message = valid();
  EXPECT_EQ(available_at_us(message), std::nullopt);
  const auto at = std::chrono::system_clock::time_point{std::chrono::seconds{1}};
  message.available_at = at;
  EXPECT_EQ(available_at_us(message), 1'000'000);
  message.available_at = at + std::chrono::system_clock::duration{1};
  EXPECT_EQ(available_at_us(message), 1'000'001);
}

}  // namespace
}  // namespace outbox
