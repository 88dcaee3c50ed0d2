// Stops delivery, and lets it go on.
#include "admin/pause.hpp"

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_routes.hpp"

namespace outbox::api {
namespace {

http::Handler switch_to(const ApiContext& context, bool paused) {
  return [context, paused](const http::Request& request) {
    return with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
      const auto changed = admin::set_paused(outbox, paused);
      if (!changed) return failure(request, changed.error());
      return json_answer(200, {{"paused", paused}, {"changed", *changed}});
    });
  };
}

}  // namespace

void add_pause_routes(http::Router& router, const ApiContext& context) {
  router.add("POST", "/api/v1/pause", switch_to(context, true), http::Access::operator_);
  router.add("POST", "/api/v1/resume", switch_to(context, false), http::Access::operator_);
}

void add_change_routes(http::Router& router, const ApiContext& context) {
  add_dead_letter_changes(router, context);
  add_replay_routes(router, context);
  add_operation_routes(router, context);
  add_pause_routes(router, context);
  add_shard_changes(router, context);
}

}  // namespace outbox::api
