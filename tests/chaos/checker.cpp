#include "tests/chaos/checker.hpp"

#include <unordered_map>

#include <fmt/format.h>

namespace outbox::chaos {
namespace {

std::string shown(const MessageName& name) {
  return fmt::format("key {} n {}", name.key, name.n);
}

std::string shown(const TopicRecord& record) {
  return fmt::format("{} (message {}) at partition {} offset {}", shown(record.name), record.id,
                     record.partition, record.offset);
}

class Check {
 public:
  explicit Check(const History& history) : history_(history) {
    verdict_.committed = static_cast<std::int64_t>(history.committed.size());
    messages_.reserve(history.committed.size());
    for (const CommittedMessage& message : history.committed) {
      messages_.emplace(message.name, Message{&message.id, false});
    }
  }

  Verdict run() {
    for (const TopicRecord& record : history_.records) {
      take(record);
    }
    for (const CommittedMessage& message : history_.committed) {
      judge_absence(message);
    }
    return std::move(verdict_);
  }

 private:
  struct Message {
    const std::string* id;
    bool delivered;
  };
  struct Key {
    std::int32_t partition = 0;
    std::int64_t highest = 0;  // n of the messages that have come
  };

  void take(const TopicRecord& record) {
    const auto message = messages_.find(record.name);
    if (message == messages_.end()) {
      ++verdict_.phantom;
      find("phantom: nobody committed " + shown(record));
      return;
    }
    if (!message->second.id->empty() && *message->second.id != record.id) {
      ++verdict_.phantom;
      find("phantom: " + shown(record) + " was committed as message " + *message->second.id);
      return;
    }
    if (message->second.delivered) {
      ++verdict_.duplicates;
      if (verdict_.repeats.size() < Verdict::kMaxFindings) {
        verdict_.repeats.push_back("duplicate: " + shown(record));
      }
      return;
    }
    message->second.delivered = true;
    ++verdict_.delivered;
    judge_order(record);
  }

  void judge_order(const TopicRecord& record) {
    const auto [found, first] =
        keys_.try_emplace(record.name.key, Key{record.partition, record.name.n});
    Key& key = found->second;
    if (first) {
      return;
    }
    if (key.partition != record.partition) {
      ++verdict_.moved;
      find(fmt::format("moved: {}; the key began in partition {}", shown(record), key.partition));
      return;
    }
    if (record.name.n < key.highest) {
      ++verdict_.inversions;
      find(fmt::format("inversion: {} first came behind n {}", shown(record), key.highest));
      return;
    }
    key.highest = record.name.n;
  }

  void judge_absence(const CommittedMessage& message) {
    if (messages_.at(message.name).delivered) {
      return;
    }
    if (history_.given_up.contains(message.name)) {
      ++verdict_.given_up;
      return;
    }
    ++verdict_.lost;
    find(fmt::format("lost: {} (message {})", shown(message.name), message.id));
  }

  void find(std::string finding) {
    if (verdict_.findings.size() < Verdict::kMaxFindings) {
      verdict_.findings.push_back(std::move(finding));
    }
  }

  const History& history_;
  Verdict verdict_;
  std::unordered_map<MessageName, Message, HashMessageName> messages_;
  std::unordered_map<std::string, Key> keys_;
};

}  // namespace

Verdict check(const History& history) {
  return Check{history}.run();
}

}  // namespace outbox::chaos
