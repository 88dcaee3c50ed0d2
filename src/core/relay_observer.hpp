#pragma once

#include <cstdint>
#include <string_view>

#include "outbox/result.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"

namespace outbox {

// How a transaction of the sink ended; unknown: the next connection finds out.
enum class TransactionOutcome : std::uint8_t { committed, aborted, unknown };

// Told of what happens, on the relay's thread; must return at once.
class RelayObserver {
 public:
  virtual ~RelayObserver() = default;
  // `delivery` has no error.
  virtual void acknowledged(const Record& record, const Delivery& delivery) = 0;
  // All deliveries that came together have been told of.
  virtual void deliveries_taken() {}
  // The message itself was refused. `topic` is empty when the sink refused it before it had one.
  virtual void rejected(const Record& record, std::string_view topic, const Error& error) = 0;
  // The message's topic takes nothing; its messages pause. Told once a pause.
  virtual void topic_failed(const Record& record, std::string_view topic, const Error& error) = 0;
  // The destination has failed; sending pauses.
  virtual void destination_failed(const Error& error) = 0;
  virtual void settled(const Settlement& settlement) = 0;
  virtual void source_connected(const Exceptions& exceptions) = 0;
  virtual void source_lost(const Error& error) = 0;
  // Where messages are sent in transactions.
  virtual void transaction_ended(TransactionOutcome /*outcome*/) {}
};

}  // namespace outbox
