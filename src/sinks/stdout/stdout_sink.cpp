#include "sinks/stdout/stdout_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

namespace outbox::stdout_sink {
namespace {

constexpr std::string_view kName = "stdout";
// So long a reader may take nothing before the sink says so, and so long a stop may go unseen.
constexpr int kPatienceMs = 100;

// A file never makes a write wait. A pipe that has room takes PIPE_BUF bytes without waiting.
std::size_t most_at_once(int fd) {
  struct stat about {};
  const bool file = ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  return file ? std::size_t{1} << 20U : PIPE_BUF;
}

// A write to a closed pipe is then an error of this thread's, and not the process's end.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Error unavailable(int number) {
  if (number == EPIPE) {
    return {ErrorCode::destination_unavailable,
            "standard output is closed: its reader has gone; start the relay again with a reader"};
  }
  return {ErrorCode::destination_unavailable,
          fmt::format("standard output takes nothing: {}", std::strerror(number))};
}

}  // namespace

StdoutSink::StdoutSink(TopicOf topic_of, StdoutOptions options)
    : topic_of_(std::move(topic_of)), options_(options) {}

StdoutSink::~StdoutSink() {
  close();
}

SinkTraits StdoutSink::traits() const {
  return {.name = kName, .ordered_per_key = true, .has_offsets = false};
}

Result<void> StdoutSink::connect(DeliveryQueue& deliveries) {
  close();
  deliveries_ = &deliveries;
  most_at_once_ = most_at_once(options_.fd);
  note_health(true, "nothing was written yet");
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  return {};
}

std::string_view StdoutSink::topic_of(const Record& message) {
  auto topic = topic_of_(message);
  topic_ = topic ? *std::move(topic) : std::string{};
  return topic_;
}

SendResult StdoutSink::send(std::span<const Record> messages) {
  SendResult result;
  for (const Record& record : messages) {
    line_.clear();
    auto topic = topic_of_(record);
    auto made = topic ? maker_.append(line_, record, *topic) : std::move(topic).error();
    if (made && line_.size() > options_.max_buffered_bytes) {
      made = Error{ErrorCode::message_rejected,
                   fmt::format("the message has {} bytes as a line, more than the {} that the sink "
                               "stdout buffers",
                               line_.size(), options_.max_buffered_bytes)};
    }
    const std::lock_guard lock(mutex_);
    if (!may_send()) break;
    if (!made) {
      result.rejected = std::move(made).error();
      break;
    }
    if (buffered_messages_ >= options_.max_buffered_messages ||
        buffered_bytes_ + line_.size() > options_.max_buffered_bytes) {
      break;
    }
    ++buffered_messages_;
    buffered_bytes_ += line_.size();
    pending_.bytes += line_;
    pending_.lines.push_back({record.tag, line_.size()});
    ++result.accepted;
  }
  if (result.accepted > 0) accepted_.notify_one();
  return result;
}

bool StdoutSink::may_send() {
  if (!thread_.joinable()) return false;
  if (!failure_unseen_) return true;
  // The failure is in the queue already: the relay takes it before it asks again.
  failure_unseen_ = false;
  deliveries_->wake();
  return false;
}

Result<void> StdoutSink::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (settled_.wait_for(lock, timeout, [this] { return buffered_messages_ == 0; })) return {};
  return Error{ErrorCode::timeout,
               fmt::format("{} message(s) were not written to standard output within {} ms",
                           buffered_messages_, timeout.count())};
}

void StdoutSink::close() {
  thread_ = {};  // stops and joins
  const std::lock_guard lock(mutex_);
  pending_ = {};
  buffered_messages_ = 0;
  buffered_bytes_ = 0;
  failure_unseen_ = false;
  health_ = {false, "closed"};
}

SinkHealth StdoutSink::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void StdoutSink::serve(const std::stop_token& stop) {
  block_sigpipe();
  while (take(stop)) {
    write_chunk(stop);
  }
}

bool StdoutSink::take(const std::stop_token& stop) {
  current_.bytes.clear();
  current_.lines.clear();
  std::unique_lock lock(mutex_);
  accepted_.wait(lock, stop, [this] { return !pending_.lines.empty(); });
  if (stop.stop_requested()) return false;
  if (cut_.empty()) {
    std::swap(current_, pending_);
  } else {  // first
    current_.lines.push_back({std::nullopt, cut_.size()});
    std::swap(current_.bytes, cut_);
  }
  return true;
}

void StdoutSink::write_chunk(const std::stop_token& stop) {
  const std::string_view bytes = current_.bytes;
  std::span<const Line> open = current_.lines;  // not written to their ends
  std::size_t begin = 0;                        // of the first open line
  for (std::size_t at = 0; at < bytes.size();) {
    const Result<std::size_t> written = write_some(bytes.substr(at), stop);
    if (!written || *written == 0) {
      const bool begun = at > begin || !open.front().tag;
      if (begun) cut_ = bytes.substr(at, begin + open.front().size - at);
      if (!written) fail(open, written.error());
      return;
    }
    at += *written;
    std::size_t ended = 0;
    while (ended < open.size() && begin + open[ended].size <= at) {
      begin += open[ended++].size;
    }
    deliver(open.first(ended));
    open = open.subspan(ended);
  }
}

// The bytes written; 0: the sink closes.
Result<std::size_t> StdoutSink::write_some(std::string_view bytes, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waited{options_.fd, POLLOUT, 0};
    const int ready = ::poll(&waited, 1, kPatienceMs);
    if (ready == 0) note_health(false, "the reader of standard output takes nothing");
    if (ready <= 0) continue;
    const ssize_t written =
        ::write(options_.fd, bytes.data(), std::min(bytes.size(), most_at_once_));
    if (written > 0) return static_cast<std::size_t>(written);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return unavailable(errno);
  }
  return std::size_t{0};
}

void StdoutSink::deliver(std::span<const Line> lines) {
  if (lines.empty()) return;
  note_health(true, "standard output takes messages");
  const std::lock_guard lock(mutex_);
  pushed_.clear();
  for (const Line& line : lines) {
    add_delivery(line, std::nullopt);
  }
  deliveries_->push(pushed_);
  settled_.notify_all();
}

void StdoutSink::fail(std::span<const Line> lines, const Error& error) {
  note_health(false, error.message);
  const std::lock_guard lock(mutex_);
  pushed_.clear();
  for (const Line& line : lines) {
    add_delivery(line, error);
  }
  for (const Line& line : pending_.lines) {
    add_delivery(line, error);
  }
  pending_.bytes.clear();
  pending_.lines.clear();
  failure_unseen_ = true;
  deliveries_->push(pushed_);
  settled_.notify_all();
}

void StdoutSink::add_delivery(const Line& line, const std::optional<Error>& error) {
  if (!line.tag) return;
  pushed_.push_back({*line.tag, kName, 0, -1, error});
  --buffered_messages_;
  buffered_bytes_ -= line.size;
}

void StdoutSink::note_health(bool reachable, std::string_view detail) {
  const std::lock_guard lock(mutex_);
  if (health_.detail != detail) health_ = {reachable, std::string(detail)};
}

}  // namespace outbox::stdout_sink
