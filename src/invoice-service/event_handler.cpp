#include "invoice-service/event_handler.hpp"

#include <set>
#include <utility>
#include <variant>

#include "support/telemetry/log.hpp"

namespace outbox::invoices {

namespace {

// A record's key may be anything: it is shown shortened.
std::string shown_key(const EventRecord& record) {
  constexpr std::size_t kShown = 64;
  return record.key ? record.key->substr(0, kShown) : "(none)";
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

void EventHandler::read(PendingRecord& pending, std::vector<InvoiceMessage>& messages,
                        std::vector<Applicable>& sources) {
  auto event = parse_order_event(pending.record);
  if (!event) {
    pending.refusal = shortened(event.error().message);
    return;
  }
  if (auto* created = std::get_if<OrderCreated>(&event->body)) {
    messages.push_back({event->message_id, std::move(*created)});
    sources.push_back({&pending, "OrderCreated"});
  } else if (auto* cancelled = std::get_if<OrderCancelled>(&event->body)) {
    messages.push_back({event->message_id, std::move(*cancelled)});
    sources.push_back({&pending, "OrderCancelled"});
  } else {
    pending.done = true;
    metrics_->event(ConsumerMetrics::kOtherType, "skipped");
  }
}

Result<void> EventHandler::apply(std::vector<PendingRecord>& records) {
  std::vector<InvoiceMessage> messages;
  std::vector<Applicable> sources;
  for (PendingRecord& pending : records) {
    if (!pending.done && !pending.refusal) read(pending, messages, sources);
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
    } else if (outcome.error().code == ErrorCode::message_rejected) {
      pending.refusal = shortened(outcome.error().message);
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
    log::warn("a record went to the dead letters", {{"topic", pending.record.topic},
                                                    {"partition", pending.record.partition},
                                                    {"offset", pending.record.offset},
                                                    {"key", shown_key(pending.record)},
                                                    {"reason", *pending.refusal}});
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
