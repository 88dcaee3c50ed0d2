#include "invoice-service/event_handler.hpp"

#include <set>
#include <utility>
#include <variant>

#include "outbox/shard.hpp"
#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

// A record's key may be anything: it is shown shortened.
std::string shown_key(const EventRecord& record) {
  constexpr std::size_t kShown = 64;
  return record.key ? record.key->substr(0, kShown) : "(none)";
}

// Of the outbox that the message is from.
std::optional<int> shard_of_key(const EventRecord& record) {
  return record.key ? std::optional<int>(shard_of(*record.key)) : std::nullopt;
}

std::optional<std::string> traceparent_of(const EventRecord& record) {
  const auto trace = trace_of(record);
  return trace ? std::optional(to_traceparent(*trace)) : std::nullopt;
}

// A sender can make it as long as a record, since it tells where in the payload the trouble is.
std::string shortened(std::string reason) {
  constexpr std::size_t kMaxBytes = 1'024;
  if (reason.size() <= kMaxBytes) return reason;
  std::size_t end = kMaxBytes;
  const auto inside_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
  };
  while (end > 0 && inside_character(reason[end]))
    --end;
  return reason.substr(0, end) + "...";
}

}  // namespace

Result<void> EventHandler::handle(std::vector<PendingRecord>& records, DeadLetters& dead_letters) {
  auto applied = apply(records);
  // Dead letters of other keys need not wait for the store.
  auto buried = bury(records, dead_letters);
  return applied ? buried : applied;
}

void EventHandler::trace(const PendingRecord& pending, const char* outcome,
                         std::int64_t begun_us) const {
  if (spans_ != nullptr) {
    spans_->processed(pending.record, outcome, begun_us, pending.refusal.value_or(""));
  }
}

void EventHandler::refuse(PendingRecord& pending, const Error& error, std::int64_t begun_us) {
  pending.refusal = shortened(error.message);
  trace(pending, "refused", begun_us);
}

void EventHandler::read(PendingRecord& pending, std::vector<InvoiceMessage>& messages,
                        std::vector<Applicable>& sources, std::int64_t begun_us) {
  auto event = parse_order_event(pending.record);
  if (!event) {
    refuse(pending, event.error(), begun_us);
    return;
  }
  if (auto* created = std::get_if<OrderCreated>(&event->body)) {
    messages.push_back({event->message_id, std::move(*created), traceparent_of(pending.record)});
    sources.push_back({&pending, "OrderCreated", "created"});
  } else if (auto* cancelled = std::get_if<OrderCancelled>(&event->body)) {
    messages.push_back({event->message_id, std::move(*cancelled), traceparent_of(pending.record)});
    sources.push_back({&pending, "OrderCancelled", "voided"});
  } else {
    pending.done = true;
    metrics_->event(ConsumerMetrics::kOtherType, "skipped");
    trace(pending, "skipped", begun_us);
  }
}

Result<void> EventHandler::apply(std::vector<PendingRecord>& records) {
  const std::int64_t begun_us = tracing::now_us();
  std::vector<InvoiceMessage> messages;
  std::vector<Applicable> sources;
  for (PendingRecord& pending : records) {
    if (!pending.done && !pending.refusal) read(pending, messages, sources, begun_us);
  }
  if (messages.empty()) return {};

  Result<void> result;
  const auto outcomes = inbox_->apply(messages);
  for (std::size_t index = 0; index < outcomes.size(); ++index) {
    const auto& outcome = outcomes[index];
    PendingRecord& pending = *sources[index].pending;
    if (outcome) {
      const bool duplicate = *outcome == InboxOutcome::duplicate;
      pending.done = true;
      metrics_->event(sources[index].type, duplicate ? "duplicate" : "applied");
      trace(pending, duplicate ? "duplicate" : sources[index].effect, begun_us);
    } else if (outcome.error().code == ErrorCode::message_rejected) {
      refuse(pending, outcome.error(), begun_us);
    } else {
      result = outcome.error();
    }
  }
  return result;
}

Result<void> EventHandler::bury(std::vector<PendingRecord>& records, DeadLetters& dead_letters) {
  std::vector<DeadLetter> letters;
  std::vector<PendingRecord*> sources;
  for (PendingRecord& pending : records) {
    if (pending.done || !pending.refusal) continue;
    letters.push_back({&pending.record, *pending.refusal});
    sources.push_back(&pending);
  }
  if (letters.empty()) return {};

  Result<void> result;
  const auto outcomes = dead_letters.send(letters);
  for (std::size_t index = 0; index < outcomes.size(); ++index) {
    if (!outcomes[index]) {
      result = outcomes[index].error();
      continue;
    }
    PendingRecord& pending = *sources[index];
    pending.done = true;
    metrics_->event(ConsumerMetrics::kOtherType, "dead_lettered");
    log::warn("a record went to the dead letters",
              {{"topic", pending.record.topic},
               {"partition", pending.record.partition},
               {"offset", pending.record.offset},
               {"message_id", message_id_of(pending.record)},
               {"key", shown_key(pending.record)},
               {"shard", shard_of_key(pending.record)},
               {"reason", *pending.refusal},
               {"trace_id", trace_id_of(trace_of(pending.record))}});
  }
  return result;
}

Offsets finished_offsets(std::span<const PendingRecord> records) {
  Offsets offsets;
  std::set<std::pair<std::string, std::int32_t>> stopped;
  for (const PendingRecord& pending : records) {
    const std::pair partition(pending.record.topic, pending.record.partition);
    if (stopped.contains(partition)) continue;
    if (pending.done) {
      offsets[partition] = pending.record.offset + 1;
    } else {
      stopped.insert(partition);
    }
  }
  return offsets;
}

}  // namespace outbox::invoices
