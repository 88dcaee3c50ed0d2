// Which relay has which shards, and how they came there.
#include <utility>

#include "admin/shard_list.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

http::Response show(const ApiContext& context, const http::Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  return with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
    auto shards = admin::list_shards(outbox);
    if (!shards) return failure(request, shards.error());
    for (admin::Json& relay : (*shards)["relays"])
      relay["self"] = relay["name"] == context.relay;
    return json_answer(200, *shards);
  });
}

}  // namespace

void add_shard_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/shards",
      [context](const http::Request& request) { return show(context, request); },
      http::Access::viewer);
}

}  // namespace outbox::api
