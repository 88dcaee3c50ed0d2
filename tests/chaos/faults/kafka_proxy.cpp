#include "tests/chaos/faults/kafka_proxy.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace outbox::chaos {
namespace {

using std::chrono::milliseconds;

constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kEndTxn = 26;
// A frame begins with the length of what follows it; a request goes on with its kind, the version
// and the correlation id, an answer with the correlation id alone.
constexpr std::size_t kLength = 4;
constexpr std::size_t kRequestHead = kLength + 8;
constexpr std::size_t kAnswerHead = kLength + 4;
constexpr std::uint32_t kLongestFrame = 256U * 1'024 * 1'024;
constexpr std::size_t kMostUnanswered = 10'000;  // older ones get no answer: acks=0
constexpr milliseconds kLongestDelay = std::chrono::minutes{10};

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(at, size)) {
    value = value << 8U | static_cast<unsigned char>(byte);
  }
  return value;
}

}  // namespace

// What the proxy is told to do; its lock is taken last.
class KafkaProxy::Faults {
 public:
  void drop(std::uint64_t count, AfterDrop after) {
    const std::lock_guard lock(mutex_);
    drops_ = count;
    after_ = after;
  }

  void delay(Direction direction, milliseconds delay) {
    const std::lock_guard lock(mutex_);
    delays_.at(static_cast<std::size_t>(direction)) = delay;
  }

  void heal() {
    const std::lock_guard lock(mutex_);
    drops_ = 0;
    delays_ = {};
  }

  // An answer to Produce has come: what becomes of the connection if it is to be dropped.
  std::optional<AfterDrop> on_produce_reply() {
    const std::lock_guard lock(mutex_);
    if (drops_ == 0) {
      return std::nullopt;
    }
    --drops_;
    ++counters_.produce_replies_dropped;
    return after_;
  }

  void on_silenced_produce_reply() {
    const std::lock_guard lock(mutex_);
    ++counters_.produce_replies_dropped;
  }

  // An EndTxn goes this way: how long it is held back.
  milliseconds on_end_txn(Direction direction) {
    const std::lock_guard lock(mutex_);
    const milliseconds delay = delays_.at(static_cast<std::size_t>(direction));
    counters_.end_txn_delayed += delay.count() > 0 ? 1U : 0U;
    return delay;
  }

  void on_request(std::int16_t kind) {
    const std::lock_guard lock(mutex_);
    counters_.produce_requests += kind == kProduce ? 1U : 0U;
    counters_.end_txn_requests += kind == kEndTxn ? 1U : 0U;
  }

  [[nodiscard]] KafkaCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  class Filter;

 private:
  mutable std::mutex mutex_;
  std::uint64_t drops_ = 0;
  AfterDrop after_ = AfterDrop::reset;
  std::array<milliseconds, 2> delays_{};  // by Direction
  KafkaCounters counters_;
};

// Looks at the head of every frame, and passes or swallows the frame as it comes.
class KafkaProxy::Faults::Filter final : public StreamFilter {
 public:
  explicit Filter(std::shared_ptr<Faults> faults) : faults_(std::move(faults)) {}

  void pass(Direction direction, std::string_view bytes, Output& output) override {
    const bool request = direction == Direction::to_server;
    Frame& frame = request ? request_ : answer_;
    const std::size_t head = request ? kRequestHead : kAnswerHead;
    while (!bytes.empty()) {
      if (frame.left > 0) {
        const auto piece = bytes.substr(0, frame.left);
        frame.left -= piece.size();
        bytes.remove_prefix(piece.size());
        if (!frame.swallowed) {
          output.forward(piece, {});
        }
        continue;
      }
      const auto piece = bytes.substr(0, head - frame.head.size());
      frame.head += piece;
      bytes.remove_prefix(piece.size());
      if (frame.head.size() == head && !begin(direction, frame, output)) {
        output.reset();
        return;
      }
    }
  }

 private:
  struct Frame {
    std::string head;  // as far as it has come
    std::size_t left = 0;
    bool swallowed = false;
  };

  // The head is whole. False when the connection has to be reset.
  bool begin(Direction direction, Frame& frame, Output& output) {
    const std::uint32_t length = number(frame.head, 0, kLength);
    if (length < frame.head.size() - kLength || length > kLongestFrame) {
      return false;
    }
    frame.left = kLength + length - frame.head.size();
    const std::string head = std::exchange(frame.head, {});
    if (direction == Direction::to_server) {
      output.forward(head, on_request(head));
      return true;
    }
    const std::int16_t kind = kind_of_answer(number(head, kLength, 4));
    if (silenced_ || kind == kProduce) {
      const auto dropped = drop(kind);
      frame.swallowed = dropped.has_value();
      if (dropped == AfterDrop::reset) {
        return false;
      }
    }
    if (!frame.swallowed) {
      output.forward(head, kind == kEndTxn ? faults_->on_end_txn(direction) : milliseconds{0});
    }
    return true;
  }

  milliseconds on_request(std::string_view head) {
    const auto kind = static_cast<std::int16_t>(number(head, kLength, 2));
    if (kind != kProduce && kind != kEndTxn) {
      return {};
    }
    faults_->on_request(kind);
    unanswered_[number(head, kLength + 4, 4)] = kind;
    if (unanswered_.size() > kMostUnanswered) {
      unanswered_.erase(unanswered_.begin());
    }
    return kind == kEndTxn ? faults_->on_end_txn(Direction::to_server) : milliseconds{0};
  }

  // -1 when it is neither of Produce nor of EndTxn.
  std::int16_t kind_of_answer(std::uint32_t correlation) {
    const auto found = unanswered_.extract(correlation);
    return found.empty() ? std::int16_t{-1} : found.mapped();
  }

  std::optional<AfterDrop> drop(std::int16_t kind) {
    if (!silenced_) {
      const auto after = faults_->on_produce_reply();
      silenced_ = after == AfterDrop::silence;
      return after;
    }
    if (kind == kProduce) {
      faults_->on_silenced_produce_reply();
    }
    return AfterDrop::silence;
  }

  std::shared_ptr<Faults> faults_;
  Frame request_;
  Frame answer_;
  std::map<std::uint32_t, std::int16_t> unanswered_;  // by correlation id
  bool silenced_ = false;
};

KafkaProxy::KafkaProxy(const Endpoint& listen, const Endpoint& broker)
    : faults_(std::make_shared<Faults>()), network_(listen, broker, [faults = faults_] {
        return std::make_unique<Faults::Filter>(faults);
      }) {}

KafkaProxy::~KafkaProxy() = default;

TcpProxy& KafkaProxy::network() {
  return network_;
}

const TcpProxy& KafkaProxy::network() const {
  return network_;
}

void KafkaProxy::drop_produce_replies(std::uint64_t count, AfterDrop after) {
  faults_->drop(count, after);
}

void KafkaProxy::delay_end_txn(Direction direction, milliseconds delay) {
  if (delay.count() < 0 || delay > kLongestDelay) {
    throw std::invalid_argument("EndTxn is delayed by 0 to 600,000 ms, not by " +
                                std::to_string(delay.count()));
  }
  faults_->delay(direction, delay);
}

void KafkaProxy::heal() {
  faults_->heal();
  network_.heal();
}

KafkaCounters KafkaProxy::counters() const {
  return faults_->counters();
}

}  // namespace outbox::chaos
