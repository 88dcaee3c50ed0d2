// What an application writes: one message of the outbox.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "outbox/uuid.hpp"

namespace outbox {

struct Header {
  std::string name;   // 1 to 255 bytes of UTF-8 without control characters, unique in its message
  std::string value;  // UTF-8 without NUL
};

struct Message {
  // Names the message for ever; consumers recognise a redelivery by it. Made by enqueue
  // (UUIDv7) when absent.
  std::optional<Uuid> id;
  std::string aggregate_type;  // chooses the topic: 1 to 255 bytes of UTF-8, no control characters
  std::string aggregate_id;  // the key: messages of one key stay in order; 1 to 1,024 bytes, UTF-8
  std::string type;          // what happened, "OrderCreated": 1 to 255 bytes of UTF-8
  std::string payload;       // what the payload column takes: JSON by default
  std::vector<Header> headers;
  // Not before this moment. A delayed message does not hold its key: later ones overtake it.
  std::optional<std::chrono::system_clock::time_point> available_at;
};

}  // namespace outbox
