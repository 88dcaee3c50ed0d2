// The messages that wait to be sent, of each key one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace outbox::http_sink {

// An accepted message.
struct Message {
  std::uint64_t tag = 0;
  std::string key;
  std::string id;
  std::string payload;
  std::vector<std::string> headers;  // see RequestHeaders
  std::size_t bytes = 0;             // that it counts for in the buffer
};

// Messages of a key leave in the order in which they came; keys take turns. Not thread-safe.
class KeyQueues {
 public:
  void push(Message message);

  // The next message whose key has none under way; its key has one until done(key).
  [[nodiscard]] std::optional<Message> next();
  void done(const std::string& key);

  // Removes what waits: behind the one under way of a key, or altogether, each key's in its order.
  [[nodiscard]] std::vector<Message> take_behind(const std::string& key);
  [[nodiscard]] std::vector<Message> take_all();

 private:
  struct Queue {
    std::deque<Message> waiting;
    bool under_way = false;
  };

  std::unordered_map<std::string, Queue> queues_;  // of keys with messages waiting or under way
  std::deque<std::string> ready_;                  // keys with messages waiting and none under way
};

}  // namespace outbox::http_sink
