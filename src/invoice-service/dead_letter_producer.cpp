#include "invoice-service/dead_letter_producer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace outbox::invoices {

namespace {

void add(rd_kafka_headers_t* headers, const std::string& name, const std::string& value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

rd_kafka_headers_t* make_headers(const DeadLetter& letter, bool whole) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(8);
  if (whole) {
    for (const auto& [name, value] : letter.record->headers)
      add(headers, name, value);
  } else {
    add(headers, "dlq.payload_omitted", "true");
  }
  add(headers, "dlq.topic", letter.record->topic);
  add(headers, "dlq.partition", std::to_string(letter.record->partition));
  add(headers, "dlq.offset", std::to_string(letter.record->offset));
  add(headers, "dlq.error", letter.reason);
  return headers;
}

// librdkafka copies from it, and its type has no const.
decltype(rd_kafka_vu_t::u.mem) memory_of(const std::optional<std::string>& text) {
  if (!text) return {nullptr, 0};
  return {const_cast<char*>(text->data()), text->size()};  // NOLINT: see above
}

}  // namespace

Result<std::unique_ptr<DeadLetterProducer>> DeadLetterProducer::create(
    const std::string& brokers, std::string topic,
    const std::map<std::string, std::string>& properties) {
  const std::map<std::string, std::string> defaults{
      {"client.id", "invoice-service-dead-letters"},
      // Whether a letter is too large is for the broker to say.
      {"message.max.bytes", "100000000"},
      {"partitioner", "murmur2_random"},
      // A broker that was away is tried again this often.
      {"reconnect.backoff.max.ms", "2000"},
  };
  const std::map<std::string, std::string> own{
      {"bootstrap.servers", brokers},
      {"acks", "all"},
      // That send ends depends on these.
      {"message.timeout.ms", "15000"},
      {"delivery.report.only.error", "false"},
  };
  auto settings = kafka_settings({&defaults, &properties, &own});
  if (!settings) return std::move(settings).error();
  rd_kafka_conf_set_dr_msg_cb(settings->get(), &DeadLetterProducer::on_delivery);
  auto producer = kafka_client(RD_KAFKA_PRODUCER, std::move(settings).value());
  if (!producer) return std::move(producer).error();
  auto letters = std::unique_ptr<DeadLetterProducer>(new DeadLetterProducer(std::move(topic)));
  letters->producer_ = std::move(producer).value();
  return letters;
}

void DeadLetterProducer::on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message,
                                     void* /*opaque*/) {
  auto* ticket = static_cast<Ticket*>(message->_private);
  ticket->reported = true;
  ticket->error = message->err;
}

std::vector<Result<void>> DeadLetterProducer::send(std::span<const DeadLetter> letters) {
  std::vector<Ticket> tickets(letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i)
    produce(letters[i], true, tickets[i]);
  await(tickets);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (tickets[i].error != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) continue;
    tickets[i] = {};
    produce(letters[i], false, tickets[i]);
  }
  await(tickets);

  std::vector<Result<void>> outcomes;
  for (const Ticket& ticket : tickets) {
    if (ticket.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      outcomes.emplace_back();
    } else {
      outcomes.emplace_back(Error{ErrorCode::destination_unavailable,
                                  "Kafka did not take a dead letter for topic " + topic_ + ": " +
                                      rd_kafka_err2str(ticket.error)});
    }
  }
  return outcomes;
}

Result<void> DeadLetterProducer::check(std::chrono::milliseconds timeout) const {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(producer_.get(), 0, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error{ErrorCode::destination_unavailable,
                 "no Kafka broker answers: " + std::string(rd_kafka_err2str(error))};
  }
  rd_kafka_metadata_destroy(metadata);
  return {};
}

void DeadLetterProducer::produce(const DeadLetter& letter, bool whole, Ticket& ticket) {
  const EventRecord& record = *letter.record;
  rd_kafka_headers_t* headers = make_headers(letter, whole);
  std::array<rd_kafka_vu_t, 6> fields{};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = topic_.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_KEY;
  constexpr std::size_t kMaxKeyBytes = 1'024;
  const bool with_key = whole || !record.key || record.key->size() <= kMaxKeyBytes;
  if (with_key) fields[1].u.mem = memory_of(record.key);
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  if (whole) fields[2].u.mem = memory_of(record.payload);
  fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[3].u.i = RD_KAFKA_MSG_F_COPY;
  fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[4].u.headers = headers;
  fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[5].u.ptr = &ticket;
  const KafkaOwned<rd_kafka_error_t> error(
      rd_kafka_produceva(producer_.get(), fields.data(), fields.size()));
  if (error) {
    rd_kafka_headers_destroy(headers);
    ticket = {true, rd_kafka_error_code(error.get())};
  }
}

// message.timeout.ms bounds the wait: each message gets its report.
void DeadLetterProducer::await(std::vector<Ticket>& tickets) {
  while (!std::all_of(tickets.begin(), tickets.end(),
                      [](const Ticket& ticket) { return ticket.reported; })) {
    rd_kafka_poll(producer_.get(), 100);
  }
}

}  // namespace outbox::invoices
