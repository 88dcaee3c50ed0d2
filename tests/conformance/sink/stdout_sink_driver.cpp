#include "tests/conformance/sink/stdout_sink_driver.hpp"

#include <array>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "sinks/stdout/stdout_sink.hpp"
#include "support/webhook/base64.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::test {
namespace {

using nlohmann::json;

constexpr std::size_t kSinkLimit = 500'000;  // bytes of a line

std::unique_ptr<Sink> make_stdout_sink(int fd, const SinkSettings& settings) {
  return std::make_unique<stdout_sink::StdoutSink>(
      [](const Record& record) { return Result<std::string>{std::string(record.aggregate_type)}; },
      stdout_sink::StdoutOptions{fd, settings.buffer, kSinkLimit});
}

// A named pipe: one that writes to it meets its readers' end as it would a pipeline's, and others
// may come.
class Pipe {
 public:
  Pipe() {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("no named pipe");
    start_reader();
    writing_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (writing_ < 0) throw std::runtime_error("no end of the pipe to write to");
  }
  ~Pipe() {
    stop_reader();
    ::close(writing_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int writing() const { return writing_; }

  void start_reader() {
    // Without waiting for a writer.
    reading_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (reading_ < 0) throw std::runtime_error("no end of the pipe to read from");
    reader_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
  }
  void stop_reader() {
    reader_ = {};
    ::close(reading_);
  }

  // All bytes that were written.
  [[nodiscard]] std::string text() {
    if (!eventually([this] { return empty(); })) throw std::runtime_error("the pipe is not read");
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  bool empty() {
    const std::lock_guard lock(mutex_);
    int left = 0;
    return ::ioctl(writing_, FIONREAD, &left) == 0 && left == 0;
  }
  void read(const std::stop_token& stop) {
    std::array<char, 65'536> bytes{};
    while (!stop.stop_requested()) {
      pollfd waited{reading_, POLLIN, 0};
      ::poll(&waited, 1, 10);
      const std::lock_guard lock(mutex_);
      const ssize_t size = ::read(reading_, bytes.data(), bytes.size());
      if (size > 0) text_.append(bytes.data(), static_cast<std::size_t>(size));
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() / "pipe";
  int reading_ = -1;
  int writing_ = -1;
  std::mutex mutex_;
  std::string text_;
  std::jthread reader_;
};

// A pipe that is full, and that nobody reads.
class FullPipe {
 public:
  FullPipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    const std::string page(4'096, ' ');
    while (::write(ends_[1], page.data(), page.size()) > 0) {
    }
  }
  ~FullPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  [[nodiscard]] int writing() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

std::string payload_of(const json& line) {
  const auto encoding = line.value("payload_encoding", "json");
  if (encoding == "json") return line["payload"].dump();
  const auto text = line["payload"].get<std::string>();
  return encoding == "text" ? text : webhook::decode_base64(text).value();
}

Received received_of(const json& line) {
  Received one;
  one.key = line["key"];
  one.payload = payload_of(line);
  one.id = line["id"];
  one.topic = line["topic"];
  for (const auto& [name, value] : line["headers"].items()) {
    if (value.is_null()) {
      one.headers.emplace_back(name, std::nullopt);
    } else {
      one.headers.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return one;
}

class StdoutSinkDriver final : public RestartableSinkDriver {
 public:
  std::unique_ptr<Sink> make_sink(const SinkSettings& settings) override {
    return make_stdout_sink(pipe_.writing(), settings);
  }
  std::unique_ptr<Sink> make_lost_sink() override { return make_stdout_sink(full_.writing(), {}); }

  std::optional<std::vector<Received>> received() override {
    std::vector<Received> result;
    std::istringstream lines(pipe_.text());
    for (std::string line; std::getline(lines, line);) {
      result.push_back(received_of(json::parse(line)));
    }
    return result;
  }

  std::optional<std::size_t> oversize() const override { return kSinkLimit + 1; }
  std::optional<std::size_t> refused_size() const override { return std::nullopt; }
  std::optional<std::string> refusing_topic() override { return std::nullopt; }
  bool has_null_headers() const override { return true; }
  void kill() override { pipe_.stop_reader(); }
  void start() override { pipe_.start_reader(); }

 private:
  Pipe pipe_;
  FullPipe full_;
};

}  // namespace

SinkDriverFactory stdout_sink_driver() {
  return {"Stdout",
          []() -> std::unique_ptr<SinkDriver> { return std::make_unique<StdoutSinkDriver>(); },
          []() -> std::unique_ptr<RestartableSinkDriver> {
            return std::make_unique<StdoutSinkDriver>();
          }};
}

}  // namespace outbox::test
