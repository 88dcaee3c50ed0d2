#include "support/tracing/span_exporter.hpp"

#include <condition_variable>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "tests/support/eventually.hpp"
#include "tests/support/http/scripted_server.hpp"
#include "tests/support/http/span_collector.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::tracing {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;

Span a_span(std::int64_t number = 0) {
  Span span;
  span.context = new_trace(100);
  span.name = "send orders";
  span.kind = SpanKind::client;
  span.start_us = span.end_us = now_us();
  span.attributes = {{"outbox.seq", number}};
  return span;
}

class SpanExporterTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<SpanExporter> start(const std::string& endpoint,
                                                    const std::string& ca_file = "",
                                                    std::chrono::milliseconds timeout = 5s) {
    TracingSettings settings;
    settings.otlp_endpoint = endpoint;
    settings.otlp_headers = "authorization=Bearer%20hunter2";
    settings.otlp_ca_file = ca_file;
    settings.otlp_timeout = timeout;
    auto collector = collector_of(settings);
    EXPECT_TRUE(collector);
    return make_exporter(*std::move(collector), "a-service", registry_);
  }
  [[nodiscard]] double counted(const std::string& name) const {
    const std::string text = "\n" + prometheus::TextSerializer().Serialize(registry_.Collect());
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  [[nodiscard]] double exported() const { return counted("outbox_spans_exported_total"); }
  [[nodiscard]] double dropped(const std::string& reason) const {
    return counted("outbox_spans_dropped_total{reason=\"" + reason + "\"}");
  }

  prometheus::Registry registry_;
};

TEST_F(SpanExporterTest, SendsSpansToTheCollector) {
  test::SpanCollector collector;
  const auto exporter = start(collector.endpoint());
  const Span span = a_span(7);
  exporter->submit(span);
  ASSERT_TRUE(test::eventually([&] { return exported() == 1; }));
  EXPECT_THAT(collector.problems(), testing::IsEmpty());
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].service, "a-service");
  EXPECT_EQ(spans[0].text("spanId"), to_hex(span.context.span_id));
  EXPECT_EQ(spans[0].attribute("outbox.seq"), "7");
  const auto request = collector.requests()[0];
  EXPECT_EQ(request.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(request.headers.find("authorization"), "Bearer hunter2");
}

TEST_F(SpanExporterTest, SendsManyInFewRequestsAndTheRestAtTheEnd) {
  test::SpanCollector collector;
  constexpr std::size_t kSpans = 2 * SpanExporter::kBatch + 100;
  auto exporter = start(collector.endpoint());
  for (std::size_t i = 0; i < kSpans; ++i)
    exporter->submit(a_span());
  exporter.reset();
  EXPECT_EQ(collector.spans().size(), kSpans);
  EXPECT_LE(collector.requests().size(), 4U);
  EXPECT_EQ(exported(), static_cast<double>(kSpans));
  EXPECT_EQ(dropped("queue") + dropped("collector"), 0);
}

TEST_F(SpanExporterTest, ACollectorThatIsAwayCostsSpansAndNothingElse) {
  auto exporter = start("http://127.0.0.1:1");
  const auto begun = steady_clock::now();
  constexpr std::size_t kSpans = 3 * SpanExporter::kMostWaiting;
  for (std::size_t i = 0; i < kSpans; ++i)
    exporter->submit(a_span());
  EXPECT_LT(steady_clock::now() - begun, 1s);
  EXPECT_GT(dropped("queue"), 0);
  exporter.reset();
  EXPECT_LT(steady_clock::now() - begun, 5s);
  EXPECT_EQ(dropped("queue") + dropped("collector"), static_cast<double>(kSpans));
  EXPECT_EQ(exported(), 0);
}

TEST_F(SpanExporterTest, ACollectorThatDoesNotAnswerDelaysTheEndByLittle) {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  const auto end = [&] {
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
  };
  test::ScriptedServer silent([&](test::Peer& peer) {
    static_cast<void>(peer.read_request());
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return over; });
  });
  auto exporter = start("http://127.0.0.1:" + std::to_string(silent.port()), "", 60s);
  exporter->submit(a_span());
  EXPECT_TRUE(test::eventually([&] { return silent.connections() > 0; }));
  const auto begun = steady_clock::now();
  for (std::size_t i = 0; i < SpanExporter::kMostWaiting + 10; ++i)
    exporter->submit(a_span());
  EXPECT_LT(steady_clock::now() - begun, 1s);
  EXPECT_EQ(dropped("queue"), 10);
  exporter.reset();
  EXPECT_LT(steady_clock::now() - begun, 5s);
  end();
}

TEST_F(SpanExporterTest, GoesOnWhenTheCollectorIsBack) {
  std::atomic<int> requests{0};
  test::ScriptedServer server([&](test::Peer& peer) {
    while (!peer.read_request().empty()) {
      const bool first = requests++ == 0;
      peer.write(first ? "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                       : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
  });
  const auto exporter = start("http://127.0.0.1:" + std::to_string(server.port()));
  exporter->submit(a_span());
  ASSERT_TRUE(test::eventually([&] { return dropped("collector") == 1; }));
  exporter->submit(a_span());
  EXPECT_TRUE(test::eventually([&] { return exported() == 1; }));
}

TEST_F(SpanExporterTest, TellsNobodyWhoseCertificateIsNotTrusted) {
  const test::TemporaryFolder folder;
  test::make_certificate(folder.path(), "IP:127.0.0.1");
  std::atomic<int> requests{0};
  test::ScriptedServer server(
      [&](test::Peer& peer) {
        while (!peer.read_request().empty()) {
          ++requests;
          peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
      },
      folder.path());
  const std::string endpoint = "https://127.0.0.1:" + std::to_string(server.port());
  {
    const auto exporter = start(endpoint);
    exporter->submit(a_span());
    EXPECT_TRUE(test::eventually([&] { return dropped("collector") == 1; }));
    EXPECT_EQ(requests, 0);
  }
  const auto exporter = start(endpoint, (folder.path() / "cert.pem").string());
  exporter->submit(a_span());
  EXPECT_TRUE(test::eventually([&] { return exported() == 1; }));
  EXPECT_EQ(requests, 1);
}

TEST_F(SpanExporterTest, TheLogOfAFailureHasNoCredentials) {
  testing::internal::CaptureStderr();
  {
    const auto exporter = start("http://127.0.0.1:1");
    exporter->submit(a_span());
  }
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, HasSubstr("takes no spans"));
  EXPECT_THAT(written, testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace outbox::tracing
