// How long a message takes at a steady rate: through the outbox, and through a producer alone.
#include <array>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "bench/consumer.hpp"
#include "bench/percentiles.hpp"
#include "bench/producer.hpp"
#include "bench/rows.hpp"
#include "bench/tool.hpp"
#include "support/load/schedule.hpp"

namespace outbox::bench {
namespace {

using load::differences;
using load::Moments;
using load::numbered_payload;
using load::Schedule;
using load::unix_us;

constexpr const char* kInsert =
    "insert into outbox (id, aggregatetype, aggregateid, type, payload)"
    " values (gen_random_uuid(), 'order', $1, 'OrderCreated', $2) returning seq";
// A message's first receipt, from a seq on; of relays that keep none, nothing.
constexpr const char* kReceipts =
    "select seq, (extract(epoch from min(processed_at)) * 1e6)::bigint from outbox_receipt"
    " where seq >= $1::bigint group by seq";
constexpr std::size_t kPayloadBytes = 256;
constexpr std::size_t kKeys = 10'000;

Schedule schedule_of(const Options& options) {
  return {options.real("rate"), options.real("seconds"), options.real("warmup")};
}

Consumer consumer_of(const Options& options, Moments& consumed) {
  return {options.text("brokers"), options.text("topic"),
          static_cast<int>(options.number("partitions")), consumed};
}

void await(const Moments& moments, std::size_t count, std::chrono::seconds timeout,
           const char* what) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (moments.count() < count) {
    if (std::chrono::steady_clock::now() >= end) {
      fail(fmt::format("{} of {} messages {} after {} s", moments.count(), count, what,
                       timeout.count()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

// How many messages a second reached the consumer in the first and in the last `window` seconds.
std::string rates_json(const Schedule& schedule, const Moments& consumed, std::int64_t window) {
  if (window == 0) return {};
  const std::int64_t begin = schedule.due_us(schedule.first_measured());
  const std::int64_t end = schedule.due_us(schedule.messages());
  const std::int64_t window_us = window * 1'000'000;
  std::int64_t first = 0;
  std::int64_t last = 0;
  for (std::size_t i = 1; i < schedule.messages(); ++i) {
    const std::int64_t at = consumed.at(i);
    if (at >= begin && at < begin + window_us) ++first;
    if (at >= end - window_us && at < end) ++last;
  }
  return fmt::format(",\"first_rate\":{},\"last_rate\":{}",
                     static_cast<double>(first) / static_cast<double>(window),
                     static_cast<double>(last) / static_cast<double>(window));
}

std::string key_of(std::size_t number) {
  return fmt::format("order-{}", number * 7'919 % kKeys);
}

// Several connections take the messages in turns, so that a slow commit delays only its own.
class Writers {
 public:
  Writers(const std::string& url, std::int64_t count, Schedule& schedule)
      : schedule_(schedule), committed_(schedule.messages()), seqs_(schedule.messages()) {
    for (std::int64_t i = 0; i < count; ++i) {
      connections_.push_back(connect(url));
      checked(connections_.back().get(),
              PQprepare(connections_.back().get(), "insert", kInsert, 0, nullptr));
    }
  }

  void write(PGconn* connection, std::size_t number) {
    const std::string key = key_of(number);
    const std::string payload = numbered_payload(number, kPayloadBytes);
    const std::array<const char*, 2> values = {key.c_str(), payload.c_str()};
    const PgResult result = checked(
        connection, PQexecPrepared(connection, "insert", 2, values.data(), nullptr, nullptr, 0));
    committed_.set(number, unix_us());
    seqs_[number] = std::stoll(PQgetvalue(result.get(), 0, 0));
  }

  void write_first() { write(connections_.front().get(), 0); }

  void write_all() {
    std::vector<std::jthread> threads;
    threads.reserve(connections_.size());
    for (const PgConnection& connection : connections_) {
      threads.emplace_back([this, raw = connection.get()] { write_some(raw); });
    }
    threads.clear();
    if (problem_) std::rethrow_exception(problem_);
  }

  // By the receipts' times, which PostgreSQL's clock gives: that of this machine.
  void read_marked(Moments& marked) const {
    PGconn* const connection = connections_.front().get();
    const std::string first = std::to_string(seqs_.front());  // was written before all others
    const char* const parameter = first.c_str();
    const PgResult rows = checked(connection, PQexecParams(connection, kReceipts, 1, nullptr,
                                                           &parameter, nullptr, nullptr, 0));
    std::unordered_map<std::int64_t, std::int64_t> times;
    for (int row = 0; row < PQntuples(rows.get()); ++row) {
      times[std::stoll(PQgetvalue(rows.get(), row, 0))] =
          std::stoll(PQgetvalue(rows.get(), row, 1));
    }
    for (std::size_t i = 0; i < seqs_.size(); ++i) {
      if (const auto found = times.find(seqs_[i]); found != times.end()) {
        marked.set(i, found->second);
      }
    }
  }

  [[nodiscard]] const Moments& committed() const { return committed_; }

 private:
  void write_some(PGconn* connection) {
    try {
      while (true) {
        const std::size_t number = schedule_.take();
        if (number == schedule_.messages()) return;
        write(connection, number);
      }
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex_);
      problem_ = std::current_exception();
    }
  }

  Schedule& schedule_;
  Moments committed_;
  std::vector<std::int64_t> seqs_;
  std::vector<PgConnection> connections_;
  std::mutex mutex_;
  std::exception_ptr problem_;
};

}  // namespace

// Writes into the outbox; whatever relay runs delivers.
int latency(const Options& options) {
  Schedule schedule = schedule_of(options);
  Moments consumed(schedule.messages());
  const Consumer consumer = consumer_of(options, consumed);
  Writers writers(options.text("database"), options.number("connections", 16), schedule);
  writers.write_first();
  await(consumed, 1, std::chrono::seconds{120}, "arrived");
  std::this_thread::sleep_for(std::chrono::seconds{options.number("rest", 0)});
  schedule.begin();
  writers.write_all();
  await(consumed, schedule.messages(), std::chrono::seconds{60}, "arrived");
  std::this_thread::sleep_for(std::chrono::milliseconds{500});  // for the last receipts
  Moments marked(schedule.messages());
  writers.read_marked(marked);
  std::string json;
  for (const auto& [name, samples] : {
           std::pair{"commit_to_consumer", differences(schedule, writers.committed(), consumed)},
           std::pair{"commit_to_marked", differences(schedule, writers.committed(), marked)},
           std::pair{"due_to_consumer", lateness(schedule, consumed)},
           std::pair{"due_to_commit", lateness(schedule, writers.committed())},
       }) {
    const std::string part = percentiles_json(name, samples);
    if (!part.empty()) json += (json.empty() ? "" : ",") + part;
  }
  json += rates_json(schedule, consumed, options.number("window", 0));
  fmt::print("{{{}}}\n", json);
  return 0;
}

// Sends the same messages at the same moments, without any database: what is left is Kafka's part.
int latency_produce(const Options& options) {
  Schedule schedule = schedule_of(options);
  Moments consumed(schedule.messages());
  Moments sent(schedule.messages());
  const Consumer consumer = consumer_of(options, consumed);
  Producer producer(options.text("brokers"), options.text("topic"), "");
  std::vector<std::string> payloads;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < schedule.messages(); ++i) {
    payloads.push_back(numbered_payload(i, kPayloadBytes));
    keys.push_back(key_of(i));
  }
  std::int64_t pending = 0;
  const auto send = [&](std::size_t number) {
    sent.set(number, unix_us());
    producer.send({.seq = 0,
                   .created_at_us = sent.at(number),
                   .id = "0123456789abcdef",
                   .type = "OrderCreated",
                   .key = keys[number],
                   .payload = payloads[number]},
                  pending);
  };
  send(0);
  await(consumed, 1, std::chrono::seconds{60}, "arrived");
  schedule.begin();
  for (std::size_t number = schedule.take(); number < schedule.messages();
       number = schedule.take()) {
    send(number);
    producer.poll(0);
  }
  producer.drain();
  await(consumed, schedule.messages(), std::chrono::seconds{60}, "arrived");
  fmt::print("{{{}}}\n",
             percentiles_json("commit_to_consumer", differences(schedule, sent, consumed)));
  return 0;
}

}  // namespace outbox::bench
