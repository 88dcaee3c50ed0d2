#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/source.hpp"

namespace outbox {

struct SeqAndKey {
  std::int64_t seq = 0;
  std::string key;

  friend bool operator==(const SeqAndKey&, const SeqAndKey&) = default;
};

// What a record of a test says, with storage of its own.
struct RowText {
  std::int64_t seq = 0;
  std::string key;
  std::string aggregate_type{};
  std::string payload{};
  std::string headers{};
  std::int64_t due_at_us = 0;
  int attempts = 0;
};

// The shard of a key in tests. It spreads short names over the shards; some share one.
[[nodiscard]] std::uint8_t test_shard_of(std::string_view key);

// A batch with storage of its own, so that a view that outlives its batch shows under ASan.
[[nodiscard]] Batch make_batch_of(std::uint64_t number, std::vector<RowText> rows);
[[nodiscard]] Batch make_batch(std::uint64_t number, const std::vector<SeqAndKey>& rows);

// "a[7,9]", so that a failed expectation reads well.
[[nodiscard]] std::string to_string(const HeldRange& range);
[[nodiscard]] std::vector<std::string> to_strings(const std::vector<HeldRange>& ranges);

}  // namespace outbox
