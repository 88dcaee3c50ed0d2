// What a proxy may do to the bytes of one connection, on their way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "tests/chaos/faults/direction.hpp"

namespace outbox::chaos {

// Sees every byte of one connection in order, and says what goes on. Only the proxy's thread calls
// it, with the proxy's lock held: it must neither block nor call the proxy.
class StreamFilter {
 public:
  class Output {
   public:
    virtual ~Output() = default;
    // Sends the bytes on, at the earliest after `late`. What comes behind them waits for them.
    virtual void forward(std::string_view bytes, std::chrono::milliseconds late) = 0;
    // Resets both sides of the connection when this call of pass() has returned.
    virtual void reset() = 0;
  };

  virtual ~StreamFilter() = default;
  // What is not forwarded, now or in a later call, is swallowed.
  virtual void pass(Direction direction, std::string_view bytes, Output& output) = 0;
};

// Makes the filter of each new connection.
using FilterFactory = std::function<std::unique_ptr<StreamFilter>()>;

}  // namespace outbox::chaos
