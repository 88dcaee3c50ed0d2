#include "sinks/stdout/stdout_sink.hpp"

#include <array>
#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/conformance/sink/sink_harness.hpp"

namespace outbox::stdout_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class StdoutSinkTest : public testing::Test {
 protected:
  StdoutSinkTest() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  ~StdoutSinkTest() override {
    close_reader();
    ::close(ends_[1]);
  }

  [[nodiscard]] std::unique_ptr<Sink> make_sink() const {
    return std::make_unique<StdoutSink>(
        [](const Record&) { return Result<std::string>{std::string("orders")}; },
        StdoutOptions{.fd = ends_[1]});
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  // The bytes that are there, `most` at most.
  [[nodiscard]] std::string read(std::size_t most) const {
    std::string text(most, '\0');
    const ssize_t size = ::read(ends_[0], text.data(), most);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  std::array<int, 2> ends_{};
};

TEST_F(StdoutSinkTest, AClosedPipeFailsEverythingAndEndsNeitherProcessNorSink) {
  test::Records records;
  for (int i = 0; i < 100; ++i) {
    records.add("k", "{}");
  }
  test::SinkHarness harness(make_sink());
  close_reader();
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  for (const Delivery& delivery : harness.deliveries()) {
    ASSERT_TRUE(delivery.error.has_value());
    EXPECT_EQ(delivery.error->code, ErrorCode::destination_unavailable);
    EXPECT_THAT(delivery.error->message, HasSubstr("its reader has gone"));
  }
  EXPECT_FALSE(harness.sink().health().reachable);
  EXPECT_EQ(harness.sink().send(records.all()).accepted, 0U);  // the caller has to look first
  EXPECT_GT(harness.sink().send(records.all()).accepted, 0U);
}

// Closed in the middle of a line that is longer than the pipe holds.
TEST_F(StdoutSinkTest, ALineThatWasCutOffIsEndedBeforeTheNext) {
  test::Records records;
  records.add("k", '"' + std::string(200'000, 'x') + '"');
  records.add("k", R"("next")");
  const auto sink = make_sink();
  DeliveryQueue queue;
  ASSERT_TRUE(sink->connect(queue));
  ASSERT_EQ(sink->send(records.all().subspan(0, 1)).accepted, 1U);
  std::string text = read(1'000);
  EXPECT_FALSE(sink->flush(milliseconds(10)).ok());
  sink->close();
  EXPECT_TRUE(queue.wait(milliseconds(0)).empty());

  ASSERT_TRUE(sink->connect(queue));
  ASSERT_EQ(sink->send(records.all().subspan(1)).accepted, 1U);
  while (std::count(text.begin(), text.end(), '\n') < 2) {
    text += read(100'000);
  }
  ASSERT_TRUE(sink->flush(seconds(10)).ok());
  const auto end = text.find('\n');
  EXPECT_EQ(nlohmann::json::parse(text.substr(0, end))["payload"].get<std::string>().size(),
            200'000U);
  EXPECT_EQ(nlohmann::json::parse(text.substr(end))["payload"], "next");
  EXPECT_EQ(queue.wait(seconds(1)).size(), 1U);
}

}  // namespace
}  // namespace outbox::stdout_sink
