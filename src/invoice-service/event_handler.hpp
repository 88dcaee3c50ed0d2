// What the service does with the events that it got, by whichever way: effects, skips, refusals,
// and for those of Kafka dead letters.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "invoice-service/consumer_metrics.hpp"
#include "invoice-service/event_spans.hpp"
#include "invoice-service/invoice_store.hpp"
#include "invoice-service/order_event.hpp"
#include "outbox/inbox.hpp"

namespace outbox::invoices {

// A record on its way through the handler, kept until nothing is left to do for it.
struct PendingRecord {
  EventRecord record;
  bool done = false;
  // Why it can never be processed, once that is known: about 1 KiB at most.
  std::optional<std::string> refusal;
};

struct DeadLetter {
  const EventRecord* record;
  std::string reason;
};

// Where records go that cannot be processed.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;
  // Returns when each has an outcome: without error the broker has it durably.
  [[nodiscard]] virtual std::vector<Result<void>> send(std::span<const DeadLetter> letters) = 0;
};

// As thread-safe as its inbox. The parts must outlive it.
class EventHandler {
 public:
  // `spans`: null without tracing.
  EventHandler(Inbox<InvoiceEffect>& inbox, ConsumerMetrics& metrics,
               const EventSpans* spans = nullptr)
      : inbox_(&inbox), metrics_(&metrics), spans_(spans) {}

  // Marks the records `done` whose effect or skip is durable, those of one key in their order, and
  // gives a refusal to those that cannot be processed. An error: the store is away and some have
  // neither; call again later.
  Result<void> apply(std::vector<PendingRecord>& records);

  // As apply; what is refused is done when the dead letters have it. An error: the store or the
  // broker is away and some are left.
  Result<void> handle(std::vector<PendingRecord>& records, DeadLetters& dead_letters);

 private:
  struct Applicable {
    PendingRecord* pending;
    const char* type;
    const char* effect;
  };
  void read(PendingRecord& pending, std::vector<InvoiceMessage>& messages,
            std::vector<Applicable>& sources, std::int64_t begun_us);
  void refuse(PendingRecord& pending, const Error& error, std::int64_t begun_us);
  void trace(const PendingRecord& pending, const char* outcome, std::int64_t begun_us) const;
  Result<void> bury(std::vector<PendingRecord>& records, DeadLetters& dead_letters);

  Inbox<InvoiceEffect>* inbox_;
  ConsumerMetrics* metrics_;
  const EventSpans* spans_;
};

// For each topic and partition, the offset after the records that are done without a gap before
// them: what may be committed. Partitions whose first record is not done are left out.
using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
[[nodiscard]] Offsets finished_offsets(std::span<const PendingRecord> records);

}  // namespace outbox::invoices
