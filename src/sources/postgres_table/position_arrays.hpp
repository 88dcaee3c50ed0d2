#pragma once

#include <bit>
#include <cstdint>

#include "sources/postgres_table/position.hpp"
#include "support/pg/params.hpp"

namespace outbox::postgres_table {

// A set of shards as the statements take it: bit k of a bigint stands for shard k.
[[nodiscard]] inline std::int64_t as_bits(std::uint64_t shards) {
  return std::bit_cast<std::int64_t>(shards);
}

// Positions as a statement's parameters.
struct PositionArrays {
  pg::Array shards{pg::Type::int8};
  pg::Array from{pg::Type::text};
  pg::Array to{pg::Type::text};
  pg::Array last_seqs{pg::Type::int8};
  pg::Array lsns{pg::Type::text};

  void clear() {
    shards.clear();
    from.clear();
    to.clear();
    last_seqs.clear();
    lsns.clear();
  }
  void add(const SharedPosition& position) {
    shards.int8(as_bits(position.shards));
    from.bytes(position.at.from.text);
    if (position.at.to) {
      to.bytes(position.at.to->text);
    } else {
      to.null();
    }
    last_seqs.int8(position.at.last_seq);
    if (position.at.lsn != 0) {
      lsns.bytes(postgres_wal::to_text(position.at.lsn));
    } else {
      lsns.null();
    }
  }
};

}  // namespace outbox::postgres_table
