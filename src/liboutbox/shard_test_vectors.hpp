// Keys and their shards, by which every implementation of the hash is checked.
#pragma once

#include <cstdint>
#include <string_view>

namespace outbox {

struct ShardVector {
  std::string_view key;
  std::uint8_t shard;
};

inline constexpr ShardVector kShardVectors[] = {
    {"a", 57},
    {"order-1", 41},
    {"order-2", 61},
    {"0192f0a1-b2c3-7d4e-8f50-617283940a5b", 34},
    {"customer/42", 54},
    {" ", 28},
    {"Z\xc3\xbc"
     "rich",
     26},
    {"\xc3\xbc", 37},
    {"u\xcc\x88", 9},
    {"\xe6\xb3\xa8\xe6\x96\x87", 30},
    {"\xf0\x9f\x98\x80", 3},
    {"'\"\\", 7},
};

}  // namespace outbox
