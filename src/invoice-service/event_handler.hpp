// What the service does with the records that it got: effects, dead letters, skips.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "inbox/mongo/document_inbox.hpp"
#include "invoice-service/consumer_metrics.hpp"
#include "invoice-service/order_event.hpp"
#include "outbox/inbox.hpp"

namespace outbox::invoices {

// A record on its way through the handler, kept until nothing is left to do for it.
struct PendingRecord {
  EventRecord record;
  bool done = false;
  // Why it goes to the dead letters, once that is known: about 1 KiB at most.
  std::optional<std::string> dead_reason;
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

// Notes that a message came again, for those who ask. Losing a note does no harm.
class RedeliveryLog {
 public:
  virtual ~RedeliveryLog() = default;
  virtual void note(std::span<const Uuid> messages) = 0;
};

// One thread. The parts must outlive it.
class EventHandler {
 public:
  EventHandler(Inbox<mongo::DocumentEffect>& inbox, DeadLetters& dead_letters,
               RedeliveryLog& redeliveries, ConsumerMetrics& metrics)
      : inbox_(&inbox),
        dead_letters_(&dead_letters),
        redeliveries_(&redeliveries),
        metrics_(&metrics) {}

  // Marks the records `done` whose effect, skip or dead letter is durable, those of one key in
  // their order. An error: the store or the broker is away and some are left; call again later.
  Result<void> handle(std::vector<PendingRecord>& records);

 private:
  struct Applicable {
    PendingRecord* pending;
    const char* type;
  };
  void read(PendingRecord& pending, std::vector<mongo::DocumentMessage>& messages,
            std::vector<Applicable>& sources);
  Result<void> apply(std::vector<PendingRecord>& records);
  Result<void> bury(std::vector<PendingRecord>& records);

  Inbox<mongo::DocumentEffect>* inbox_;
  DeadLetters* dead_letters_;
  RedeliveryLog* redeliveries_;
  ConsumerMetrics* metrics_;
};

// For each topic and partition, the offset after the records that are done without a gap before
// them: what may be committed. Partitions whose first record is not done are left out.
using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
[[nodiscard]] Offsets finished_offsets(std::span<const PendingRecord> records);

}  // namespace outbox::invoices
