// What a run leaves for the checker: what was committed and what lies in the topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace outbox::chaos {

// A message of a writer: the `n`th that a committed transaction wrote under its key's lock.
struct MessageName {
  std::string key;
  std::int64_t n = 0;

  friend bool operator==(const MessageName&, const MessageName&) = default;
};

struct HashMessageName {
  std::size_t operator()(const MessageName& name) const {
    return std::hash<std::string>{}(name.key) * 31 + std::hash<std::int64_t>{}(name.n);
  }
};

struct CommittedMessage {
  MessageName name;
  std::string id;  // empty: not known to the writer
};

// A record in the order in which the topic holds it.
struct TopicRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string id;
  MessageName name;
};

struct History {
  std::vector<CommittedMessage> committed;
  // Each partition's records by rising offset.
  std::vector<TopicRecord> records;
  // Committed messages that an operator sees as dead or discarded: they need not be in the topic.
  std::unordered_set<MessageName, HashMessageName> given_up;
};

}  // namespace outbox::chaos
