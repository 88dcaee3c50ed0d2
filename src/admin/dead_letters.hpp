// Messages that the relay has given up, and what an operator does with them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "admin/chunks.hpp"
#include "admin/filters.hpp"
#include "admin/postgres_outbox.hpp"
#include "outbox/result.hpp"

namespace outbox::admin {

// What may be done with a message depends on the state that it is in.
enum class Purpose {
  look,     // dead; by name also retrying, delayed or discarded
  retry,    // dead; by name also retrying
  discard,  // dead; by name also retrying or delayed
};

struct DeadLetterSelection {
  std::vector<std::int64_t> seqs;  // ascending, so each key's are in order
  std::string states;              // those that were chosen from, as PostgreSQL's array: {dead}
};

// Each change goes with a row in the audit and, where it concerns what holds its key, a raised
// revision, in the same transaction; the relays notice it within about a second. What has left the
// states of its selection meanwhile is not changed, and not counted.
class DeadLetters {
 public:
  explicit DeadLetters(PostgresOutbox& outbox) : outbox_(&outbox) {}

  // Dead messages that pass the filter, by seq. Without payloads.
  Result<std::vector<Json>> list(const DeadLetterFilter& filter, std::int64_t limit);

  // The messages that the filter names or finds. not_found or conflict, saying which, when a named
  // one does not exist or is in another state; invalid_argument: more than `most`, or replays to
  // be retried.
  Result<DeadLetterSelection> select(const DeadLetterFilter& filter, Purpose purpose,
                                     std::size_t most = kMostMessages);

  // What holds its key goes on holding it until it is delivered; what waits behind it then follows
  // in order.
  Result<std::int64_t> retry(const DeadLetterSelection& selection, const Schedule& schedule,
                             const GoOn& go_on = {});
  // Of one message, with another payload. Precondition: the selection has one.
  Result<std::int64_t> retry_edited(const DeadLetterSelection& selection,
                                    const std::string& payload, const Schedule& schedule,
                                    const GoOn& go_on = {});
  // invalid_argument: the payload column does not take it.
  Result<void> check_payload(const std::string& payload);
  // A replay that was discarded was delivered before, and may be replayed again.
  Result<std::int64_t> discard(const DeadLetterSelection& selection, const GoOn& go_on = {});

  // Everything about them, in the order of their seqs. At most kWholePage at once.
  Result<std::vector<Json>> whole(std::span<const std::int64_t> seqs);
  static constexpr std::size_t kWholePage = 100;

 private:
  Result<DeadLetterSelection> resolve(const std::vector<std::string>& names, Purpose purpose);
  Result<std::int64_t> retry_chunk(std::span<const std::int64_t> seqs, std::size_t first,
                                   const std::string& states, const Schedule& schedule);
  Result<void> edit(const DeadLetterSelection& selection, const std::string& payload);

  PostgresOutbox* outbox_;
};

}  // namespace outbox::admin
