// Topics, and when how much of what was expected had arrived in one.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "bench/tool.hpp"
#include "support/kafka/admin.hpp"

namespace outbox::bench {
namespace {

constexpr int kTimeoutMs = 30'000;
constexpr auto kPollInterval = std::chrono::milliseconds{50};

template <class T, void (*Destroy)(T*)>
struct Deleter {
  void operator()(T* object) const { Destroy(object); }
};
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, Destroy>>;
using Handle = Owned<rd_kafka_t, rd_kafka_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

void check(rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(code));
}

Handle client(const Options& options) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", options.text("brokers")},
           {"group.id", "outbox-bench"},
           {"enable.auto.commit", "false"},
           {"allow.auto.create.topics", "false"},
           {"fetch.wait.max.ms", "20"},
           {"enable.partition.eof", "true"}}) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(problem.data());
    }
  }
  Handle handle(rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size()));
  if (!handle) fail(problem.data());
  return handle;
}

kafka::Admin admin(const Options& options) {
  auto connected = kafka::Admin::connect(options.text("brokers"));
  if (!connected) fail(connected.error().message);
  return *std::move(connected);
}

// Returns when the topic can be written to.
int create(const Options& options) {
  kafka::Admin::Config config;
  std::istringstream list{options.text("config", "")};
  for (std::string pair; std::getline(list, pair, ',');) {
    const std::size_t at = pair.find('=');
    config[pair.substr(0, at)] = pair.substr(at + 1);
  }
  const auto created = admin(options).create_topic(
      options.text("topic"), static_cast<std::int32_t>(options.number("partitions")),
      static_cast<std::int32_t>(options.number("replicas", 1)), config);
  if (!created) fail(created.error().message);
  return 0;
}

int remove(const Options& options) {
  const auto removed = admin(options).remove_topic(options.text("topic"));
  if (!removed) fail(removed.error().message);
  return 0;
}

std::vector<std::int64_t> ends(kafka::Admin& kafka, const Options& options) {
  auto found =
      kafka.ends(options.text("topic"), static_cast<std::int32_t>(options.number("partitions")));
  if (!found) fail(found.error().message);
  return *std::move(found);
}

// Reads each partition from its offset, of those that have one, as long as `visit` wants more of
// it.
template <class Visit>
void read(rd_kafka_t* handle, const Options& options, const std::vector<std::int64_t>& from,
          Visit visit) {
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(from.size())));
  std::size_t open = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] < 0) continue;
    ++open;
    rd_kafka_topic_partition_list_add(list.get(), options.text("topic").c_str(),
                                      static_cast<std::int32_t>(i))
        ->offset = from[i];
  }
  check(rd_kafka_assign(handle, list.get()));
  std::vector<bool> done(from.size());
  while (open > 0) {
    const Message message(rd_kafka_consumer_poll(handle, kTimeoutMs));
    if (!message) fail("the topic's records do not come");
    const auto partition = static_cast<std::size_t>(message->partition);
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) check(message->err);
    if (done[partition]) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || !visit(*message)) {
      done[partition] = true;
      --open;
    }
  }
  check(rd_kafka_assign(handle, nullptr));
}

struct Span {
  std::int64_t first_ms = 0;  // when the first record arrived
  std::int64_t last_ms = 0;
  std::int64_t at_first_ms = 0;  // records that arrived in the same millisecond as the first
};

Span span(rd_kafka_t* handle, const Options& options, const std::vector<std::int64_t>& end) {
  struct Start {
    std::int64_t time = -1;
    std::int64_t count = 0;
  };
  std::vector<Start> starts(end.size());
  std::vector<std::int64_t> offsets(end.size());
  std::transform(end.begin(), end.end(), offsets.begin(),
                 [](auto high) { return high > 0 ? 0 : -1; });
  read(handle, options, offsets, [&](const rd_kafka_message_t& message) {
    Start& start = starts[static_cast<std::size_t>(message.partition)];
    const std::int64_t time = rd_kafka_message_timestamp(&message, nullptr);
    if (start.time < 0) start.time = time;
    if (start.time != time) return false;
    ++start.count;
    return true;
  });
  Span result;
  for (const Start& start : starts) {
    if (start.count == 0) continue;
    if (result.at_first_ms == 0 || start.time < result.first_ms) {
      result.first_ms = start.time;
      result.at_first_ms = 0;
    }
    if (start.time == result.first_ms) result.at_first_ms += start.count;
  }
  std::transform(end.begin(), end.end(), offsets.begin(), [](auto high) { return high - 1; });
  read(handle, options, offsets, [&](const rd_kafka_message_t& message) {
    result.last_ms = std::max(result.last_ms, rd_kafka_message_timestamp(&message, nullptr));
    return false;
  });
  return result;
}

struct Mark {
  std::int64_t records = 0;
  std::int64_t ms = 0;
};

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Waits until `records` have arrived, or until `timeout` seconds are over. The times are the
// broker's.
int await(const Options& options) {
  const Handle handle = client(options);
  kafka::Admin kafka = admin(options);
  const std::int64_t wanted = options.number("records");
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds{options.number("timeout")};
  std::vector<std::int64_t> offsets;
  std::int64_t count = 0;
  Mark half;
  while (true) {
    offsets = ends(kafka, options);
    count = 0;
    for (const std::int64_t offset : offsets)
      count += offset;
    if (half.records == 0 && count >= wanted / 2) half = {count, unix_ms()};
    if (count >= wanted || std::chrono::steady_clock::now() >= end) break;
    std::this_thread::sleep_for(kPollInterval);
  }
  const Span times = count > 0 ? span(handle.get(), options, offsets) : Span{};
  fmt::print(
      R"({{"records":{},"first_ms":{},"last_ms":{},"at_first_ms":{},"half":{},"half_ms":{}}})"
      "\n",
      count, times.first_ms, times.last_ms, times.at_first_ms, half.records, half.ms);
  return count >= wanted ? 0 : 1;
}

}  // namespace

int topic(const std::vector<std::string>& arguments) {
  if (arguments.empty()) fail("topic create, delete or await?");
  const Options options({arguments.begin() + 1, arguments.end()});
  if (arguments.front() == "create") return create(options);
  if (arguments.front() == "delete") return remove(options);
  if (arguments.front() == "await") return await(options);
  fail("there is no verb topic " + arguments.front());
}

}  // namespace outbox::bench
