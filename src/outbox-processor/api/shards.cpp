// Which relay has which shards, and how they came there.
#include <chrono>
#include <string>
#include <utility>

#include "admin/shard_list.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

using Seconds = std::chrono::duration<double>;

http::Response show(const ApiContext& context, const http::Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  return with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
    auto shards = admin::list_shards(outbox);
    if (!shards) return failure(request, shards.error());
    for (admin::Json& relay : (*shards)["relays"]) {
      const std::string name = relay["name"];
      relay["self"] = name == context.relay;
      relay["leaseSeconds"] = Seconds{context.lease}.count();
      const auto renewed = context.monitor->renewals().since_last(name, context.lease);
      relay["lastRenewalSeconds"] =
          renewed ? admin::Json(Seconds{*renewed}.count()) : admin::Json(nullptr);
    }
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
