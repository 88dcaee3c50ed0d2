// What the routes of the admin API work with.
#pragma once

#include "admin/outbox_pool.hpp"
#include "outbox-processor/operations.hpp"

namespace outbox::api {

// Everything is borrowed and must outlive the server.
struct ApiContext {
  admin::OutboxPool* outbox = nullptr;  // null: the outbox is in SQLite
  Operations* operations = nullptr;     // never null where changes are served
};

}  // namespace outbox::api
