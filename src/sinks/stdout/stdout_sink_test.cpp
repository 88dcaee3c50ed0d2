#include "sinks/stdout/stdout_sink.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/conformance/sink/sink_harness.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::stdout_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// With a named pipe, whose reader may go and come.
class StdoutSinkTest : public testing::Test {
 protected:
  StdoutSinkTest() {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("no named pipe");
    open_reader();
    writing_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  }
  ~StdoutSinkTest() override {
    close_reader();
    ::close(writing_);
  }

  [[nodiscard]] std::unique_ptr<Sink> make_sink() const {
    return std::make_unique<StdoutSink>(
        [](const Record&) { return Result<std::string>{std::string("orders")}; },
        StdoutOptions{.fd = writing_});
  }
  void open_reader() {
    reading_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (reading_ < 0) throw std::runtime_error("no end of the pipe to read from");
  }
  void close_reader() {
    if (reading_ >= 0) ::close(reading_);
    reading_ = -1;
  }
  // So many lines, and `text` before them.
  [[nodiscard]] std::vector<nlohmann::json> lines(std::ptrdiff_t count, std::string text) const {
    EXPECT_TRUE(test::eventually([&] {
      text += read(100'000);
      return std::count(text.begin(), text.end(), '\n') == count;
    }));
    std::vector<nlohmann::json> result;
    std::istringstream all(text);
    for (std::string line; std::getline(all, line);) {
      result.push_back(nlohmann::json::parse(line));
    }
    return result;
  }
  // Of what is there, `most` bytes at most.
  [[nodiscard]] std::string read(std::size_t most) const {
    std::string text(most, '\0');
    const ssize_t size = ::read(reading_, text.data(), most);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  // Of the beginning of what is written.
  [[nodiscard]] std::string first_bytes() const {
    std::string text;
    EXPECT_TRUE(test::eventually([&] { return !(text = read(1'000)).empty(); }));
    return text;
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() / "pipe";
  int reading_ = -1;
  int writing_ = -1;
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

// A line is longer than the pipe holds.
TEST_F(StdoutSinkTest, ALineThatACloseCutOffIsEndedBeforeTheNext) {
  test::Records records;
  records.add("k", '"' + std::string(200'000, 'x') + '"');
  records.add("k", R"("next")");
  const auto sink = make_sink();
  DeliveryQueue queue;
  ASSERT_TRUE(sink->connect(queue));
  ASSERT_EQ(sink->send(records.all().subspan(0, 1)).accepted, 1U);
  const std::string begun = first_bytes();
  EXPECT_FALSE(sink->flush(milliseconds(10)).ok());
  sink->close();
  EXPECT_TRUE(queue.wait(milliseconds(0)).empty());

  ASSERT_TRUE(sink->connect(queue));
  ASSERT_EQ(sink->send(records.all().subspan(1)).accepted, 1U);
  const auto written = lines(2, begun);
  EXPECT_EQ(written[0]["payload"].get<std::string>().size(), 200'000U);
  EXPECT_EQ(written[1]["payload"], "next");
  EXPECT_EQ(queue.wait(seconds(10)).size(), 1U);
}

// However often writing fails meanwhile.
TEST_F(StdoutSinkTest, ALineThatALostReaderCutOffIsEndedWhenAnotherComes) {
  test::Records records;
  records.add("k", '"' + std::string(200'000, 'x') + '"');
  records.add("k", R"("next")");
  test::SinkHarness harness(make_sink());
  harness.send(records.all().subspan(0, 1));
  const std::string begun = first_bytes();
  close_reader();
  ASSERT_TRUE(harness.settle());
  for (int i = 0; i < 3; ++i) {
    harness.send(records.all().subspan(1));
    ASSERT_TRUE(harness.settle());
  }
  EXPECT_TRUE(harness.delivered_tags().empty());
  open_reader();
  harness.send(records.all().subspan(1));
  const auto written = lines(2, begun);
  EXPECT_EQ(written[0]["payload"].get<std::string>().size(), 200'000U);
  EXPECT_EQ(written[1]["payload"], "next");
  ASSERT_TRUE(harness.settle());
  EXPECT_THAT(harness.delivered_tags(), testing::ElementsAre(2U));
}

}  // namespace
}  // namespace outbox::stdout_sink
