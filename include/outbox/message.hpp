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
  // Chooses the topic: 1 to 255 bytes of UTF-8 without control characters.
  std::string aggregate_type;
  // The key: messages of one key stay in order. 1 to 1,024 bytes of UTF-8 without NUL.
  std::string aggregate_id;
  // What happened, "OrderCreated": 1 to 255 bytes of UTF-8 without control characters.
  std::string type;
  // What the payload column takes: JSON by default; UTF-8 without NUL unless the column is bytea.
  std::string payload;
  // Names and values together 256 KiB at most.
  std::vector<Header> headers;
  // Not to be delivered before, by the database's clock; kept to the microsecond, and delivered
  // within about a second of it. Such a message has no order: it neither waits for earlier messages
  // of its key nor holds later ones. At once when absent or not in the future as it is read.
  std::optional<std::chrono::system_clock::time_point> available_at;
};

}  // namespace outbox
