#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/source.hpp"

namespace outbox {

struct SeqAndKey {
  std::int64_t seq = 0;
  std::string key;

  friend bool operator==(const SeqAndKey&, const SeqAndKey&) = default;
};

// A batch with storage of its own, so that a view that outlives its batch shows under ASan.
[[nodiscard]] Batch make_batch(std::uint64_t number, std::vector<SeqAndKey> rows);

// "a[7,9]", so that a failed expectation reads well.
[[nodiscard]] std::string to_string(const HeldRange& range);
[[nodiscard]] std::vector<std::string> to_strings(const std::vector<HeldRange>& ranges);

}  // namespace outbox
