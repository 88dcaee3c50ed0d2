// The spans that requests leave, on each store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "order-service/service_test_support.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/span_collector.hpp"

namespace outbox::orders {
namespace {

using ::testing::IsEmpty;
using testing::kOrderBody;
using testing::Reply;
using testing::RunningService;
using ::testing::StartsWith;

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kCaller = std::string("00-") + kTrace + "-00f067aa0ba902b7-01";
const std::string kUnsampledCaller = std::string("00-") + kTrace + "-00f067aa0ba902b7-00";

class Tracing : public testing::OnEachStore {
 protected:
  [[nodiscard]] Settings settings(std::int64_t sample_percent = 100) const {
    Settings settings;
    settings.tracing.otlp_endpoint = collector_.endpoint();
    settings.trace_sample_percent = sample_percent;
    return settings;
  }
  // The only one of that name.
  [[nodiscard]] test::CollectedSpan span(const std::string& name) const {
    EXPECT_TRUE(test::eventually([&] { return !collector_.spans_named(name).empty(); })) << name;
    const auto spans = collector_.spans_named(name);
    EXPECT_EQ(spans.size(), 1U) << name;
    EXPECT_THAT(collector_.problems(), IsEmpty());
    return spans.empty() ? test::CollectedSpan{} : spans.front();
  }

  test::SpanCollector collector_;
};
INSTANTIATE_TEST_SUITE_P(Stores, Tracing, testing::each_store(), testing::store_name);

TEST_P(Tracing, TheRequestIsAChildOfItsCallerAndTheMessageOfTheRequest) {
  RunningService service(GetParam(), settings());
  ASSERT_EQ(service.post("/v1/orders", kOrderBody, "traceparent: " + kCaller + "\r\n").status, 201);

  const auto request = span("POST /v1/orders");
  EXPECT_EQ(request.service, "order-service");
  EXPECT_EQ(request.json["kind"], 2);
  EXPECT_EQ(request.text("traceId"), kTrace);
  EXPECT_EQ(request.text("parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(request.attribute("http.request.method"), "POST");
  EXPECT_EQ(request.attribute("http.route"), "/v1/orders");
  EXPECT_EQ(request.attribute("http.response.status_code"), "201");

  const auto message = span("create order");
  EXPECT_EQ(message.json["kind"], 4);
  EXPECT_EQ(message.text("traceId"), kTrace);
  EXPECT_EQ(message.text("parentSpanId"), request.text("spanId"));
  EXPECT_EQ(message.attribute("messaging.message.id"), service.value("select id from outbox"));
  EXPECT_GE(message.text("startTimeUnixNano"), request.text("startTimeUnixNano"));
  EXPECT_LE(message.text("endTimeUnixNano"), request.text("endTimeUnixNano"));

  EXPECT_EQ(service.value("select headers->>'traceparent' from outbox"),
            std::string("00-") + kTrace + "-" + message.text("spanId") + "-01");
}

TEST_P(Tracing, ARequestWithoutATraceBeginsOne) {
  RunningService service(GetParam(), settings());
  const Reply created = service.post("/v1/orders", kOrderBody);
  ASSERT_EQ(created.status, 201);
  const auto request = span("POST /v1/orders");
  EXPECT_FALSE(request.json.contains("parentSpanId"));
  const auto message = span("create order");
  EXPECT_EQ(message.text("traceId"), request.text("traceId"));
  EXPECT_EQ(service.value("select headers->>'traceparent' from outbox"),
            "00-" + request.text("traceId") + "-" + message.text("spanId") + "-01");

  const std::string path = std::string(*created.headers.find("Location")) + "/cancel";
  ASSERT_EQ(service.post(path, "").status, 200);
  const auto cancellation = span("POST /v1/orders/{id}/cancel");
  EXPECT_NE(cancellation.text("traceId"), request.text("traceId"));
}

TEST_P(Tracing, ACallerWhoDoesNotSampleGetsNoSpansAndIsPassedOn) {
  {
    RunningService service(GetParam(), settings());
    ASSERT_EQ(
        service.post("/v1/orders", kOrderBody, "traceparent: " + kUnsampledCaller + "\r\n").status,
        201);
    EXPECT_EQ(service.value("select headers->>'traceparent' from outbox"), kUnsampledCaller);
  }  // what there is to send was sent at the end
  EXPECT_THAT(collector_.spans(), IsEmpty());
}

TEST_P(Tracing, OnlyTheShareThatIsAskedForHasSpans) {
  {
    RunningService service(GetParam(), settings(/*sample_percent=*/0));
    ASSERT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
    const std::string traceparent = service.value("select headers->>'traceparent' from outbox");
    EXPECT_THAT(traceparent, ::testing::EndsWith("-00"));
    EXPECT_TRUE(tracing::parse_traceparent(traceparent)) << traceparent;
  }
  EXPECT_THAT(collector_.spans(), IsEmpty());
}

TEST_P(Tracing, ARefusedRequestHasNoMessage) {
  {
    RunningService service(GetParam(), settings());
    ASSERT_EQ(service.post("/v1/orders", "{}").status, 422);
  }
  const auto request = span("POST /v1/orders");
  EXPECT_EQ(request.attribute("http.response.status_code"), "422");
  EXPECT_FALSE(request.json.contains("status")) << "it is the caller's error";
  EXPECT_THAT(collector_.spans_named("create order"), IsEmpty());
}

TEST_P(Tracing, ACollectorThatIsAwayChangesNothing) {
  Settings away;
  away.tracing.otlp_endpoint = "http://127.0.0.1:1";
  RunningService service(GetParam(), away);
  ASSERT_EQ(service.post("/v1/orders", kOrderBody).status, 201);
  EXPECT_THAT(service.value("select headers->>'traceparent' from outbox"), StartsWith("00-"));
}

TEST_P(Tracing, AMalformedEndpointIsRefusedAtTheStart) {
  const auto database = testing::TestStore::make(GetParam());
  Settings wrong;
  wrong.tracing.otlp_endpoint = "collector:4317";
  const auto started = testing::start_service(database->url(), wrong);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, ::testing::HasSubstr("telemetry.otlp_endpoint"));
}

}  // namespace
}  // namespace outbox::orders
