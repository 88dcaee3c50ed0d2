// The routes that change something: see each file of that name. Their bodies are checked whole
// before anything happens, and each change leaves a row in the audit with the caller's name.
#pragma once

#include <cstddef>

#include "outbox-processor/api/context.hpp"
#include "support/http/router.hpp"

namespace outbox::api {

// Of messages in one request; `outboxctl` takes more.
inline constexpr std::size_t kMostChanged = 1'000'000;

// POST /dead-letters/retry and /dead-letters/discard
void add_dead_letter_changes(http::Router& router, const ApiContext& context);
// POST /replay
void add_replay_routes(http::Router& router, const ApiContext& context);
// GET /operations and /operations/{id}, POST /operations/{id}/cancel
void add_operation_routes(http::Router& router, const ApiContext& context);
// POST /pause and /resume
void add_pause_routes(http::Router& router, const ApiContext& context);

// POST /topics/{topic}/pause and /resume, /shards/{shard}/pause, /resume, /release and /move
void add_shard_changes(http::Router& router, const ApiContext& context);

// All of them, below /api/v1. What `context` borrows must outlive the router.
void add_change_routes(http::Router& router, const ApiContext& context);

}  // namespace outbox::api
