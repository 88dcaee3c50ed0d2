// The relay on the HTTP sink, to a destination that fails in every way at once.
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/exponential_backoff.hpp"
#include "core/relay.hpp"
#include "core/testing/fake_source.hpp"
#include "core/testing/recording_observer.hpp"
#include "sinks/http/http_sink_test_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::http_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Gives each message its number as its payload.
class NumberingSink final : public Sink {
 public:
  explicit NumberingSink(Sink& sink) : sink_(sink) {}

  SinkTraits traits() const override { return sink_.traits(); }
  Result<void> connect(DeliveryQueue& deliveries) override { return sink_.connect(deliveries); }
  SendResult send(std::span<const Record> messages) override {
    std::vector<std::string> numbers;
    numbers.reserve(messages.size());
    std::vector<Record> numbered(messages.begin(), messages.end());
    for (Record& record : numbered) {
      record.payload = numbers.emplace_back(std::to_string(record.seq));
    }
    return sink_.send(numbered);
  }
  Result<void> flush(milliseconds timeout) override { return sink_.flush(timeout); }
  void close() override { sink_.close(); }
  SinkHealth health() const override { return sink_.health(); }

 private:
  Sink& sink_;
};

// Takes most messages and keeps them; otherwise fails in a way that the seed chooses.
class MoodyReceiver {
 public:
  explicit MoodyReceiver(unsigned seed) : random_(seed) {}

  void serve(test::Peer& peer) {
    while (true) {
      const auto request = peer.read_request();
      if (request.empty()) return;
      const auto [bytes, reset] = answer(request);
      if (reset) {
        peer.reset();
        return;
      }
      if (!peer.write(bytes)) return;
    }
  }

  bool has(std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    return seen_.contains(seq);
  }
  // Of each key, the numbers in the order of their first arrivals.
  std::map<std::string, std::vector<std::int64_t>> arrivals() {
    const std::lock_guard lock(mutex_);
    return arrivals_;
  }

 private:
  struct Answer {
    std::string bytes;
    bool reset = false;
  };

  Answer answer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    switch (random_() % 64) {
      case 0:
        return {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"};
      case 1:
        return {"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nno"};
      case 2:
        return {"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"};
      case 3:
        return {{}, true};
      case 4:
        keep(request);  // and the answer is lost
        return {{}, true};
      default:
        keep(request);
        return {std::string(kNoContent)};
    }
  }

  void keep(const std::string& request) {
    const auto body = request.find("\r\n\r\n") + 4;
    std::int64_t seq = 0;
    std::from_chars(request.data() + body, request.data() + request.size(), seq);
    constexpr std::string_view kSubject = "ce-subject: ";
    const auto begin = request.find(kSubject) + kSubject.size();
    const auto key = request.substr(begin, request.find("\r\n", begin) - begin);
    if (seen_.insert(seq).second) arrivals_[key].push_back(seq);
  }

  std::mutex mutex_;
  std::mt19937 random_;
  std::set<std::int64_t> seen_;
  std::map<std::string, std::vector<std::int64_t>> arrivals_;
};

TEST_F(HttpSinkTest, TheRelayGetsEverythingThroughInOrderWhateverFails) {
  constexpr std::size_t kRows = 2'000;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    MoodyReceiver receiver(seed);
    const test::ScriptedServer server([&](test::Peer& peer) { receiver.serve(peer); });
    settings_.url = server.url();
    settings_.max_retry_after = milliseconds(20);
    settings_.max_buffered_messages = 50;
    HttpSink http(settings_);
    NumberingSink sink(http);

    FakeSource source;
    source.model().set_acknowledged([&](std::int64_t seq) { return receiver.has(seq); });
    for (std::size_t i = 0; i < kRows; ++i) {
      source.model().append("key-" + std::to_string(i % 11));
    }
    RelayOptions options;
    options.batch_limit = 100;
    options.engine.destination_backoff = {milliseconds(1), milliseconds(10)};
    ExponentialBackoff policy({milliseconds(1), milliseconds(10)}, seed);
    const SteadyClock clock;
    RecordingObserver observer;
    std::jthread relay([&](const std::stop_token& stop) {
      Relay runner(options, source, sink, policy, clock, observer);
      EXPECT_TRUE(runner.run(stop).ok());
    });
    EXPECT_TRUE(
        test::eventually([&] { return source.model().receipt_count() == kRows; }, seconds(60)))
        << source.model().receipt_count() << " of " << kRows << ", seed " << seed;
    relay.request_stop();
    relay.join();

    EXPECT_THAT(source.model().violations(), testing::IsEmpty());
    for (const auto& [key, numbers] : receiver.arrivals()) {
      EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << key << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace outbox::http_sink
