#include "outbox-processor/relay_spans.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outbox-processor/relay_metrics.hpp"

namespace outbox {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr const char* kHeaders =
    R"({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})";
constexpr const char* kUnsampled =
    R"({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"})";

class Spans final : public tracing::SpanSink {
 public:
  void submit(tracing::Span span) override { all.push_back(std::move(span)); }
  std::vector<tracing::Span> all;
};

// "name=value" of each attribute.
std::vector<std::string> attributes_of(const tracing::Span& span) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : span.attributes) {
    const auto* number = std::get_if<std::int64_t>(&value);
    texts.push_back(name + "=" +
                    (number != nullptr ? std::to_string(*number) : std::get<std::string>(value)));
  }
  return texts;
}

// As the relay does: through its metrics.
class RelaySpansTest : public testing::Test {
 protected:
  RelaySpansTest() {
    metrics_.trace_to(&relay_spans_);
    record_.id = *Uuid::parse("0190a6f2-7c1e-7cc0-8a4b-3f0c5d1e9a71");
    record_.seq = 41;
    record_.shard = 7;
    record_.key = "secret-key";
    record_.payload = "secret-payload";
    record_.headers = kHeaders;
    delivery_.topic = "order-events";
    delivery_.partition = 3;
    delivery_.offset = 1'234;
    delivery_.latency_us = 2'000;
  }

  Spans spans_;
  RelaySpans relay_spans_{spans_, "kafka"};
  telemetry::Metrics registry_{"test"};
  RelayMetrics metrics_{registry_};
  RelayObserver& observer_{metrics_};
  Record record_;
  Delivery delivery_;
};

TEST_F(RelaySpansTest, ADeliveryIsAChildOfTheRowsSpan) {
  observer_.acknowledged(record_, delivery_);
  ASSERT_EQ(spans_.all.size(), 1U);
  const tracing::Span& span = spans_.all[0];
  EXPECT_EQ(span.name, "send order-events");
  EXPECT_EQ(span.kind, tracing::SpanKind::client);
  EXPECT_EQ(tracing::to_hex(span.context.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(tracing::to_hex(span.parent), "00f067aa0ba902b7");
  EXPECT_NE(span.context.span_id, span.parent);
  EXPECT_EQ(span.end_us - span.start_us, 2'000);
  EXPECT_EQ(span.error, "");
  EXPECT_THAT(attributes_of(span),
              testing::UnorderedElementsAre(
                  "messaging.system=kafka", "messaging.operation.name=send",
                  "messaging.operation.type=send", "messaging.destination.name=order-events",
                  "messaging.destination.partition.id=3", "messaging.kafka.offset=1234",
                  "messaging.message.id=0190a6f2-7c1e-7cc0-8a4b-3f0c5d1e9a71", "outbox.seq=41",
                  "outbox.shard=7"));
}

TEST_F(RelaySpansTest, ARefusalIsAnErrorOfItsSpan) {
  observer_.rejected(record_, "order-events", {ErrorCode::message_rejected, "too large"});
  observer_.rejected(record_, "", {ErrorCode::message_rejected, "no topic"});
  ASSERT_EQ(spans_.all.size(), 2U);
  EXPECT_EQ(spans_.all[0].name, "send order-events");
  EXPECT_EQ(spans_.all[0].error, "too large");
  EXPECT_EQ(spans_.all[1].name, "send");
}

TEST_F(RelaySpansTest, MessagesOfNoSampledTraceLeaveNone) {
  for (const char* headers : {kUnsampled, "{}", "", R"({"traceparent": "00-1"})"}) {
    record_.headers = headers;
    observer_.acknowledged(record_, delivery_);
    observer_.rejected(record_, "order-events", {ErrorCode::message_rejected, "too large"});
  }
  EXPECT_THAT(spans_.all, IsEmpty());
}

TEST_F(RelaySpansTest, ASinkWithoutOffsetsTellsNone) {
  delivery_.offset = -1;
  delivery_.latency_us = -1;
  observer_.acknowledged(record_, delivery_);
  ASSERT_EQ(spans_.all.size(), 1U);
  EXPECT_THAT(attributes_of(spans_.all[0]),
              testing::Not(Contains(testing::StartsWith("messaging.kafka.offset"))));
  EXPECT_EQ(spans_.all[0].start_us, spans_.all[0].end_us);
}

}  // namespace
}  // namespace outbox
