// Where a message is on its way, asked of everyone who knows.
#include <string>
#include <utility>

#include "admin/shard_list.hpp"
#include "admin/trace.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/message_json.hpp"
#include "outbox-processor/api/message_stages.hpp"
#include "outbox-processor/api/query.hpp"
#include "outbox-processor/api/read_routes.hpp"

namespace outbox::api {
namespace {

using admin::Json;
using http::Request;
using http::Response;

struct Asked {
  Json traced;
  Json owner;
};

// Of several messages with one id, the newest.
Result<Asked> ask_outbox(admin::PostgresOutbox& outbox, const std::string& name) {
  auto traced = admin::trace(outbox, name);
  if (!traced) return std::move(traced).error();
  Asked asked{std::move(traced->back()), nullptr};
  if (asked.traced["shard"].is_null()) return asked;
  auto owner = admin::shard_owner(outbox, asked.traced["shard"].get<int>());
  if (!owner) return std::move(owner).error();
  asked.owner = *std::move(owner);
  return asked;
}

Response trace(const ApiContext& context, const Request& request) {
  if (const auto known = check_query(request, {}); !known) return failure(request, known.error());
  TraceFacts facts;
  // The connection goes back before the consumer is asked, which may take long.
  Response refusal = with_outbox(context, request, [&](admin::PostgresOutbox& outbox) {
    auto asked = ask_outbox(outbox, std::string{request.path_parameter("name")});
    if (!asked) return failure(request, asked.error());
    facts.traced = std::move(asked->traced);
    facts.owner = std::move(asked->owner);
    return Response{};
  });
  if (refusal.status != 200) return refusal;
  if (context.consumer != nullptr && facts.traced["id"].is_string()) {
    facts.event = context.consumer->event(facts.traced["id"].get<std::string>());
  }
  return json_answer(200,
                     {{"message", summary_json(facts.traced)}, {"stages", stages_json(facts)}});
}

}  // namespace

void add_trace_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "GET", "/api/v1/messages/{name}/trace",
      [context](const Request& request) { return trace(context, request); }, http::Access::viewer);
}

}  // namespace outbox::api
