// The caller's side of the sink: connect, send, flush, close.
#include "sinks/http/http_sink.hpp"

#include <new>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace outbox::http_sink {

HttpSink::HttpSink(HttpSettings settings) : settings_(std::move(settings)) {}

HttpSink::~HttpSink() {
  close();
}

SinkTraits HttpSink::traits() const {
  return {.name = "http", .ordered_per_key = true, .has_offsets = false};
}

Result<void> HttpSink::connect(DeliveryQueue& deliveries) {
  close();
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) {
    return Error{ErrorCode::internal,
                 fmt::format("libcurl does not start: {}", curl_easy_strerror(initialized))};
  }
  auto endpoint = make_endpoint(settings_);
  if (!endpoint) return endpoint.error();
  // The name stays where it is: deliveries of an earlier connection point to it.
  if (endpoint_.name.empty()) endpoint_.name = std::move(endpoint->name);
  endpoint_.secrets = std::move(endpoint->secrets);
  endpoint_.confidential = std::move(endpoint->confidential);
  headers_.emplace(settings_.content_type, settings_.ce_source);
  deliveries_ = &deliveries;

  const auto requests = static_cast<std::size_t>(settings_.requests_in_flight);
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(requests));
  for (std::size_t i = 0; i < requests; ++i) {
    transfers_.push_back(std::make_unique<Transfer>(settings_, endpoint_));
    idle_.push_back(transfers_.back().get());
  }
  {
    const std::lock_guard lock(mutex_);
    health_ = {true, fmt::format("nothing was sent to {} yet", endpoint_.name)};
    untried_ = true;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  return {};
}

SendResult HttpSink::send(std::span<const Record> messages) {
  SendResult result;
  for (const Record& record : messages) {
    auto message = message_of(record);
    const std::lock_guard lock(mutex_);
    if (!may_send()) break;
    if (!message) {
      result.rejected = std::move(message).error();
      break;
    }
    if (!has_room(*message)) break;
    ++buffered_messages_;
    buffered_bytes_ += message->bytes;
    queues_.push(*std::move(message));
    ++result.accepted;
  }
  if (result.accepted > 0) curl_multi_wakeup(multi_.get());
  return result;
}

Result<Message> HttpSink::message_of(const Record& record) {
  auto headers = headers_->make(record);
  if (!headers) return headers.error();
  Message message;
  message.bytes =
      std::accumulate(headers->begin(), headers->end(), record.payload.size(),
                      [](std::size_t sum, const std::string& line) { return sum + line.size(); });
  if (message.bytes > static_cast<std::size_t>(settings_.max_buffered_bytes)) {
    return Error{ErrorCode::message_rejected,
                 fmt::format("the message has {} bytes, more than sink.http.max_buffered_bytes "
                             "({}); set that higher",
                             message.bytes, settings_.max_buffered_bytes)};
  }
  message.tag = record.tag;
  message.key = record.key;
  message.id = record.id.to_string();
  message.payload = record.payload;
  message.headers = *std::move(headers);
  return message;
}

bool HttpSink::may_send() {
  if (multi_ == nullptr) return false;
  if (failure_unseen_) {
    // The failure is in the queue already: the relay takes it before it asks again.
    failure_unseen_ = false;
    deliveries_->wake();
    return false;
  }
  return !paused_until_;
}

bool HttpSink::has_room(const Message& message) const {
  return buffered_messages_ < static_cast<std::size_t>(settings_.max_buffered_messages) &&
         buffered_bytes_ + message.bytes <= static_cast<std::size_t>(settings_.max_buffered_bytes);
}

Result<void> HttpSink::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (settled_.wait_for(lock, timeout, [this] { return buffered_messages_ == 0; })) return {};
  return Error{ErrorCode::timeout,
               fmt::format("{} has not answered for {} message(s) within {} ms", endpoint_.name,
                           buffered_messages_, timeout.count())};
}

void HttpSink::close() {
  thread_ = {};  // stops and joins
  for (Transfer* transfer : active_) {
    curl_multi_remove_handle(multi_.get(), transfer->easy());
  }
  active_.clear();
  idle_.clear();
  transfers_.clear();
  multi_.reset();
  failures_in_a_row_ = 0;
  const std::lock_guard lock(mutex_);
  queues_ = {};
  buffered_messages_ = 0;
  buffered_bytes_ = 0;
  paused_until_.reset();
  failure_unseen_ = false;
  health_ = {false, "closed"};
}

SinkHealth HttpSink::health() const {
  const std::lock_guard lock(mutex_);
  if (untried_ && buffered_messages_ > 0) {
    return {false, endpoint_.name + " has not answered yet"};
  }
  return health_;
}

}  // namespace outbox::http_sink
