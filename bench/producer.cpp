#include "bench/producer.hpp"

#include <algorithm>
#include <ctime>
#include <sstream>

#include "bench/tool.hpp"
#include "sinks/kafka/settings.hpp"

namespace outbox::bench {
namespace {

using Messages = std::array<const rd_kafka_message_t*, 1'024>;

kafka::KafkaSettings settings_of(const std::string& brokers, const std::string& properties) {
  kafka::KafkaSettings settings;
  settings.brokers = brokers;
  // The relay's default is longer, since it ends the wait when nothing more comes.
  settings.properties["linger.ms"] = "0.5";
  std::istringstream list{properties};
  for (std::string pair; std::getline(list, pair, ',');) {
    const std::size_t at = pair.find('=');
    if (at == std::string::npos) fail("a property is name=value, not " + pair);
    settings.properties[pair.substr(0, at)] = pair.substr(at + 1);
  }
  return settings;
}

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t result{};
  result.vtype = type;
  return result;
}

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, std::string_view text) {
  rd_kafka_vu_t result = argument(type);
  result.u.mem = {const_cast<char*>(text.data()), text.size()};  // NOLINT: not written to
  return result;
}

}  // namespace

rd_kafka_headers_t* HeaderMaker::make(const Row& row) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id_[at++] = '-';
    const auto byte = static_cast<unsigned char>(row.id[i]);
    id_[at++] = kDigits[byte >> 4U];
    id_[at++] = kDigits[byte & 15U];
  }
  const std::int64_t second = row.created_at_us / 1'000'000;
  if (second != second_) {
    second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::strftime(time_.data(), time_.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    time_[26] = 'Z';
  }
  std::int64_t fraction = row.created_at_us % 1'000'000;
  for (std::size_t i = 25; i >= 20; --i, fraction /= 10) {
    time_[i] = static_cast<char>('0' + fraction % 10);
  }
  const std::string_view id{id_.data(), id_.size()};
  rd_kafka_headers_t* headers = rd_kafka_headers_new(7);
  add(headers, "id", id);
  add(headers, "ce_specversion", "1.0");
  add(headers, "ce_id", id);
  add(headers, "ce_source", "outbox");
  add(headers, "ce_type", row.type);
  add(headers, "ce_time", {time_.data(), time_.size()});
  add(headers, "content-type", "application/json");
  return headers;
}

Producer::Producer(const std::string& brokers, const std::string& topic,
                   const std::string& properties) {
  auto made = kafka::make_conf(settings_of(brokers, properties));
  if (!made) fail(made.error().message);
  kafka::Conf conf = std::move(made->conf);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  std::array<char, 512> problem{};
  for (const auto* name : {"statistics.interval.ms"}) {
    rd_kafka_conf_set(conf.get(), name, "0", problem.data(), problem.size());
  }
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), problem.data(), problem.size());
  if (handle_ == nullptr) fail(problem.data());
  static_cast<void>(conf.release());
  queue_ = rd_kafka_queue_get_main(handle_);
  topic_ = rd_kafka_topic_new(handle_, topic.c_str(), nullptr);
  if (topic_ == nullptr) fail(rd_kafka_err2str(rd_kafka_last_error()));
}

Producer::~Producer() {
  rd_kafka_topic_destroy(topic_);
  rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy(handle_);
}

void Producer::send(const Row& row, std::int64_t& pending) {
  produce(row, pending, 0);
}

void Producer::send_copy(const Row& row, std::int64_t& pending) {
  produce(row, pending, RD_KAFKA_MSG_F_COPY);
}

void Producer::produce(const Row& row, std::int64_t& pending, int flags) {
  std::array<rd_kafka_vu_t, 6> arguments = {argument(RD_KAFKA_VTYPE_RKT),
                                            bytes(RD_KAFKA_VTYPE_KEY, row.key),
                                            bytes(RD_KAFKA_VTYPE_VALUE, row.payload),
                                            argument(RD_KAFKA_VTYPE_HEADERS),
                                            argument(RD_KAFKA_VTYPE_OPAQUE),
                                            argument(RD_KAFKA_VTYPE_MSGFLAGS)};
  arguments[0].u.rkt = topic_;
  arguments[3].u.headers = headers_.make(row);
  arguments[4].u.ptr = &pending;
  arguments[5].u.i = flags;
  while (rd_kafka_error_t* error =
             rd_kafka_produceva(handle_, arguments.data(), arguments.size())) {
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(code));
    poll(10);
  }
  ++pending;
  ++in_flight_;
}

void Producer::poll(int timeout_ms) {
  Messages messages{};
  for (int wait = timeout_ms;; wait = 0) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, wait);
    if (event == nullptr) return;
    while (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      const std::size_t count =
          rd_kafka_event_message_array(event, messages.data(), messages.size());
      if (count == 0) break;
      for (std::size_t i = 0; i < count; ++i) {
        if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR)
          fail(rd_kafka_message_errstr(messages[i]));
        --*static_cast<std::int64_t*>(messages[i]->_private);
      }
      in_flight_ -= static_cast<std::int64_t>(count);
    }
    rd_kafka_event_destroy(event);
  }
}

void Producer::drain() {
  while (in_flight_ > 0)
    poll(100);
}

}  // namespace outbox::bench
