// Inbox: the consuming side. The effect of a message happens once, however often it is delivered.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox {

enum class InboxOutcome {
  applied,    // the effect happened now
  duplicate,  // this message's effect had happened before; nothing was changed
};

// A message by its id and what it does. What an effect is depends on the store that keeps it.
template <class Effect>
struct InboxMessage {
  Uuid id;  // names the message for ever, as the producer's outbox gave it: the header `id`
  Effect effect;
  // The trace context that it came with (W3C), for the inboxes that keep it with the effect.
  std::optional<std::string> traceparent = std::nullopt;
};

// Stores the id of a message and its effect in one atomic write, so that neither exists without
// the other. Each implementation says how, and whether threads may share it.
template <class Effect>
class Inbox {
 public:
  virtual ~Inbox() = default;

  // The outcome of each message, in their order. Messages of one thing are applied in the order
  // given; after an error those of the same thing are not applied and get destination_unavailable.
  //
  // message_rejected: the state does not admit the effect, or the store can never keep it; a retry
  //   cannot help, the messages behind it go on.
  // destination_unavailable: the store is away; whether the effect happened is not known. Apply
  //   the message again: it is then either applied or a duplicate.
  [[nodiscard]] virtual std::vector<Result<InboxOutcome>> apply(
      std::span<const InboxMessage<Effect>> messages) = 0;
};

}  // namespace outbox
