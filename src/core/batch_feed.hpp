#pragma once

#include <optional>

#include "outbox/result.hpp"
#include "outbox/source.hpp"

namespace outbox {

// Where the relay's thread gets the batches from that were read for it.
class BatchFeed {
 public:
  virtual ~BatchFeed() = default;
  // The next batch, if one is there. Never waits.
  [[nodiscard]] virtual std::optional<Batch> take() = 0;
  // Why reading has ended, once it has.
  [[nodiscard]] virtual std::optional<Error> error() const = 0;
};

}  // namespace outbox
