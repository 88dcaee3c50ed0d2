#include "invoice-service/service_fixture.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "invoice-service/kafka_handles.hpp"
#include "invoice-service/mongo_invoice.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::invoices::testing {

namespace {

constexpr std::int32_t kPartitions = 4;

EventRecord event(int n, const std::string& type, const std::string& payload, int message_kind) {
  EventRecord record;
  record.key = order_id(n);
  record.payload = payload;
  record.headers = {{"id", fmt::format("0190bbbb-0000-7000-800{}-{:012}", message_kind, n)},
                    {"ce_type", type}};
  return record;
}

std::vector<mongo::Bson> all(const mongo::Client& client, const char* collection) {
  auto found = client.collection(collection).find(mongo::Bson(), mongo::Bson());
  EXPECT_TRUE(found) << (found ? "" : found.error().message);
  return found ? std::move(found).value() : std::vector<mongo::Bson>();
}

}  // namespace

std::string order_id(int n) {
  return fmt::format("0190aaaa-0000-7000-8000-{:012}", n);
}

EventRecord created_event(int n) {
  return event(n, "OrderCreated",
               R"({"orderId":")" + order_id(n) +
                   R"(","customerId":"c1","currency":"EUR","status":"CREATED","items":[)"
                   R"({"productId":"p1","quantity":2,"unitPrice":"12.50"},)"
                   R"({"productId":"p2","quantity":1,"unitPrice":"1.00"}],"total":"26.00"})",
               1);
}

EventRecord cancelled_event(int n) {
  return event(n, "OrderCancelled", R"({"orderId":")" + order_id(n) + "\"}", 2);
}

ServiceTest::ServiceTest()
    : brokers_(test::require_env("OUTBOX_TEST_KAFKA")),
      topic_(test::KafkaTopic::create(brokers_, test::unique_topic_name("invoices"), kPartitions)),
      dead_letter_topic_(
          test::KafkaTopic::create(brokers_, topic_.name() + ".dlq", 1,
                                   {{"max.message.bytes", std::to_string(kMaxDeadLetterBytes)}})) {}

ServiceTest::~ServiceTest() {
  if (!HasFailure()) std::filesystem::remove(log_path());
}

std::string ServiceTest::log_path() const {
  return ::testing::TempDir() + topic_.name() + ".log";
}

ServiceTest::Instance ServiceTest::start(const e2e::Environment& changes) const {
  const auto port = static_cast<std::uint16_t>(e2e::free_port());
  e2e::Environment environment{{"OUTBOX_KAFKA__BROKERS", brokers_},
                               {"OUTBOX_KAFKA__TOPIC", topic_.name()},
                               {"OUTBOX_KAFKA__GROUP", topic_.name()},
                               {"OUTBOX_KAFKA__MAX_BACKOFF", "500ms"},
                               {"MONGO_URI", database_.uri()},
                               {"OUTBOX_MONGO__DATABASE", database_.name()},
                               {"OUTBOX_HTTP__PORT", std::to_string(port)}};
  for (const auto& [name, value] : changes)
    environment[name] = value;
  const std::string log = log_path();
  Instance instance{e2e::Process({INVOICE_SERVICE}, environment, log), port};
  EXPECT_TRUE(test::eventually(
      [&] {
        const auto client = http::testing::Client::try_connect(port);
        if (!client || !client->send_request("GET", "/readyz")) return false;
        const auto reply = client->read();
        return reply && reply->status == 200;
      },
      std::chrono::seconds(30)))
      << "the service did not get ready; see " << log;
  return instance;
}

void ServiceTest::produce(const std::vector<EventRecord>& records) const {
  const std::map<std::string, std::string> properties{{"bootstrap.servers", brokers_},
                                                      {"enable.idempotence", "true"},
                                                      {"partitioner", "murmur2_random"}};
  auto settings = kafka_settings({&properties});
  ASSERT_TRUE(settings);
  const auto producer = kafka_client(RD_KAFKA_PRODUCER, std::move(settings).value());
  ASSERT_TRUE(producer);
  for (const EventRecord& record : records) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(2);
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    std::array<rd_kafka_vu_t, 5> fields{};
    fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    fields[0].u.cstr = topic_.name().c_str();
    fields[1].vtype = RD_KAFKA_VTYPE_KEY;
    fields[1].u.mem = {const_cast<char*>(record.key->data()), record.key->size()};  // NOLINT
    fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[2].u.mem = {const_cast<char*>(record.payload->data()),  // NOLINT: it is copied
                       record.payload->size()};
    fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    fields[3].u.i = RD_KAFKA_MSG_F_COPY;
    fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[4].u.headers = headers;
    const KafkaOwned<rd_kafka_error_t> error(
        rd_kafka_produceva(producer->get(), fields.data(), fields.size()));
    ASSERT_FALSE(error) << rd_kafka_error_string(error.get());
  }
  ASSERT_EQ(rd_kafka_flush(producer->get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::vector<mongo::Bson> ServiceTest::documents() const {
  return all(database_.client(), kInvoices);
}

std::vector<std::string> ServiceTest::ledger(int order) const {
  const auto found = database_.client().collection(kInvoices).find_by_id(order_id(order));
  std::vector<std::string> effects;
  if (!found || *found == nullptr) return effects;
  for (const mongo::Bson& effect : mongo::find_documents(**found, "effects")) {
    effects.push_back(fmt::format("{} {}", mongo::find_text(effect, "effect").value_or("?"),
                                  mongo::find_integer(effect, "amountMinor").value_or(-1)));
  }
  return effects;
}

bool ServiceTest::await_invoices(std::size_t count, std::chrono::seconds timeout) const {
  return test::eventually([&] { return documents().size() >= count; }, timeout);
}

std::int64_t ServiceTest::redeliveries() const {
  std::int64_t count = 0;
  for (const mongo::Bson& message : all(database_.client(), kRedeliveries))
    count += mongo::find_integer(message, "count").value_or(0);
  return count;
}

std::vector<test::KafkaRecord> ServiceTest::dead_letters() const {
  return dead_letter_topic_.read_all();
}

}  // namespace outbox::invoices::testing
