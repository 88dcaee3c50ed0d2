// What the routes of the admin API work with.
#pragma once

#include <chrono>
#include <string>

#include "admin/outbox_pool.hpp"
#include "outbox-processor/api/mask_payload.hpp"
#include "outbox-processor/consumer_client.hpp"
#include "outbox-processor/monitor.hpp"
#include "outbox-processor/operations.hpp"
#include "support/config/schema.hpp"

namespace outbox::api {

// Everything is borrowed and must outlive the server.
struct ApiContext {
  admin::OutboxPool* outbox = nullptr;  // null: the outbox is in SQLite
  Operations* operations = nullptr;     // never null where changes are served
  Monitor* monitor = nullptr;           // these two never where it is looked
  const config::Schema* schema = nullptr;
  const ConsumerClient* consumer = nullptr;  // null: there is none to be asked
  std::string relay{};                       // this relay's name among its shards' owners
  std::chrono::milliseconds lease{};         // of this relay, as it should be of all
  JsonPaths masked_paths{};                  // of payloads, hidden from those who may only look
};

}  // namespace outbox::api
