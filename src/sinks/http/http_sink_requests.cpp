// The thread's side of the sink: requests, and deliveries from what comes of them.
#include <algorithm>
#include <utility>

#include "sinks/http/http_sink.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::http_sink {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{1'000};
// How long the body behind a complete header may take: the outcome is known already.
constexpr milliseconds kBodyTime{2'000};
// Failures of single messages are the destination's when so many come one after the other.
constexpr int kFailuresInARow = 16;

}  // namespace

void HttpSink::serve(const std::stop_token& stop) {
  const std::stop_callback interrupt(stop, [this] { curl_multi_wakeup(multi_.get()); });
  while (!stop.stop_requested()) {
    end_pause();
    start_requests();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool ended = take_ended();
    if (cut_off_bodies() || ended) continue;  // others may begin
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(longest_wait().count()), nullptr);
  }
}

void HttpSink::end_pause() {
  const std::lock_guard lock(mutex_);
  if (!paused_until_ || Clock::now() < *paused_until_) return;
  paused_until_.reset();
  deliveries_->wake();
}

void HttpSink::start_requests() {
  while (!idle_.empty()) {
    std::optional<Message> message;
    {
      const std::lock_guard lock(mutex_);
      message = queues_.next();
    }
    if (!message) return;
    Transfer* transfer = idle_.back();
    idle_.pop_back();
    active_.push_back(transfer);
    transfer->begin(*std::move(message));
    if (curl_multi_add_handle(multi_.get(), transfer->easy()) != CURLM_OK) {
      end(*transfer, CURLE_FAILED_INIT);
    }
  }
}

bool HttpSink::take_ended() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* news = curl_multi_info_read(multi_.get(), &left)) {
    if (news->msg != CURLMSG_DONE) continue;
    const CURLcode code = news->data.result;
    char* transfer = nullptr;
    curl_easy_getinfo(news->easy_handle, CURLINFO_PRIVATE, &transfer);
    end(*reinterpret_cast<Transfer*>(transfer), code);
    any = true;
  }
  return any;
}

bool HttpSink::cut_off_bodies() {
  const auto since = Clock::now() - kBodyTime;
  bool any = false;
  for (Transfer* transfer : std::vector<Transfer*>(active_)) {
    if (!transfer->answered() || *transfer->answered() > since) continue;
    end(*transfer, CURLE_OK);
    any = true;
  }
  return any;
}

void HttpSink::end(Transfer& transfer, CURLcode code) {
  curl_multi_remove_handle(multi_.get(), transfer.easy());
  Outcome outcome = outcome_of(transfer.exchange(code), endpoint_, settings_.max_retry_after);
  settle(transfer.take_message(), std::move(outcome));
  active_.erase(std::find(active_.begin(), active_.end(), &transfer));
  idle_.push_back(&transfer);
}

void HttpSink::settle(const Message& message, Outcome outcome) {
  const bool failed = outcome.error && outcome.error->code == ErrorCode::destination_unavailable;
  failures_in_a_row_ = failed ? failures_in_a_row_ + 1 : 0;
  const bool of_destination = outcome.of_destination || failures_in_a_row_ >= kFailuresInARow;
  if (outcome.pause.count() > 0) {
    log::warn("http: the destination asks for a pause",
              {{"destination", endpoint_.name}, {"seconds", outcome.pause.count() / 1'000}});
  }

  const std::lock_guard lock(mutex_);
  note_health(outcome);
  pushed_.clear();
  const bool any_error = outcome.error.has_value();
  push(message, std::move(outcome.error));
  if (any_error) {
    const Error behind{ErrorCode::destination_unavailable,
                       of_destination ? "not sent, as the destination failed for another message; "
                                        "it is sent again"
                                      : "not sent, as an earlier message of its key was not "
                                        "delivered; it is sent after that one"};
    for (const Message& waiting :
         of_destination ? queues_.take_all() : queues_.take_behind(message.key)) {
      push(waiting, behind);
    }
    failure_unseen_ = true;
  }
  if (outcome.pause.count() > 0) {
    paused_until_ =
        std::max(paused_until_.value_or(Clock::time_point::min()), Clock::now() + outcome.pause);
  }
  queues_.done(message.key);
  deliveries_->push(pushed_);
  settled_.notify_all();
}

void HttpSink::push(const Message& message, std::optional<Error> error) {
  pushed_.push_back({message.tag, endpoint_.name, 0, -1, std::move(error)});
  --buffered_messages_;
  buffered_bytes_ -= message.bytes;
}

void HttpSink::note_health(const Outcome& outcome) {
  const bool reachable = !outcome.error || outcome.error->code == ErrorCode::message_rejected;
  if (reachable && health_.reachable && !untried_) return;
  untried_ = false;
  health_ = {reachable, reachable ? endpoint_.name + " takes messages" : outcome.error->message};
}

milliseconds HttpSink::longest_wait() {
  auto next = Clock::now() + kLongestWait;
  for (const Transfer* transfer : active_) {
    if (transfer->answered()) next = std::min(next, *transfer->answered() + kBodyTime);
  }
  {
    const std::lock_guard lock(mutex_);
    if (paused_until_) next = std::min(next, *paused_until_);
  }
  return std::max(std::chrono::ceil<milliseconds>(next - Clock::now()), milliseconds(0));
}

}  // namespace outbox::http_sink
