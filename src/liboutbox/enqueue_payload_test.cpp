#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "liboutbox/enqueue_test.hpp"

namespace outbox {
namespace {

using namespace std::string_literals;
using test::must_exec;
using test::OutboxDatabase;
using test::value_of;

MigrationOptions with_payload(PayloadType type) {
  MigrationOptions options;
  options.payload_type = type;
  return options;
}

OutboxOptions outbox_with_payload(PayloadType type) {
  OutboxOptions options;
  options.payload_type = type;
  return options;
}

struct PayloadCase {
  const char* name;
  PayloadType type;
  std::string payload;
  std::string stored_as;  // empty: refused with message_rejected
};

void PrintTo(const PayloadCase& payload_case, std::ostream* out) {
  *out << payload_case.name;
}

class PayloadTest : public testing::TestWithParam<PayloadCase> {};

// One message takes another statement than several.
TEST_P(PayloadTest, ComesBackAsTheColumnKeepsIt) {
  const auto& [name, type, payload, stored_as] = GetParam();
  const OutboxDatabase database{with_payload(type)};
  auto connection = database.connect();
  Transaction transaction{connection.raw()};
  const Outbox outbox{outbox_with_payload(type)};
  for (const std::size_t count : {1U, 2U}) {
    const std::vector<Message> messages(count, message_of("1", payload));
    must_exec(connection, "begin");
    const auto ids = outbox.enqueue(transaction, messages);
    if (stored_as.empty()) {
      ASSERT_FALSE(ids);
      EXPECT_EQ(ids.error().code, ErrorCode::message_rejected);
    } else {
      EXPECT_TRUE(ids) << ids.error().message;
    }
    must_exec(connection, stored_as.empty() ? "rollback" : "commit");
  }
  const auto rows = connection.query(type == PayloadType::jsonb ? "select payload::text from outbox"
                                                                : "select payload from outbox");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), stored_as.empty() ? 0 : 3);
  for (int row = 0; row < rows->size(); ++row)
    EXPECT_EQ(rows->text(row, 0), stored_as);
}

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Payloads, PayloadTest,
    testing::Values(
        PayloadCase{"OneByteOfJson", PayloadType::json, "1", "1"},
        PayloadCase{"JsonKeptAsWritten", PayloadType::json, " {\"b\":1, \"a\": 1.50} ",
                    " {\"b\":1, \"a\": 1.50} "},
        PayloadCase{"NulEscapeInJson", PayloadType::json, R"({"a":"\u0000"})", R"({"a":"\u0000"})"},
        PayloadCase{"NulEscapeInJsonb", PayloadType::jsonb, R"({"a":"\u0000"})", ""},
        PayloadCase{"QuotesInJson", PayloadType::json, R"({"a":"'\"\\","b":"$1 ${x}"})",
                    R"({"a":"'\"\\","b":"$1 ${x}"})"},
        PayloadCase{"Jsonb", PayloadType::jsonb, R"({ "b":1, "a":"ü" })", R"({"a": "ü", "b": 1})"},
        PayloadCase{"EmptyJson", PayloadType::json, "", ""},
        PayloadCase{"QuotesInText", PayloadType::text, "it's \"quoted\" \\ {a,b} NULL",
                    "it's \"quoted\" \\ {a,b} NULL"},
        PayloadCase{"OneByteOfBytea", PayloadType::bytea, "\0"s, "\0"s},
        PayloadCase{"EveryByteInBytea", PayloadType::bytea, every_byte(), every_byte()},
        PayloadCase{"LargestText", PayloadType::text, std::string(1'000'000, 'x'),
                    std::string(1'000'000, 'x')}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(EnqueueTest, StoresAThousandHeaders) {
  Message message = message_of("1");
  for (int i = 0; i < 1'000; ++i) {
    message.headers.push_back({"header-" + std::to_string(i), "value \"" + std::to_string(i)});
  }
  must_exec(connection_, "begin");
  ASSERT_TRUE(outbox_.enqueue(transaction_, message));
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from outbox, jsonb_each_text(headers) "
                     "where value = 'value \"' || substr(key, 8)"),
            "1000");
}

}  // namespace
}  // namespace outbox
