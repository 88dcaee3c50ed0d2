// Topics and shards, one by one: paused, resumed, released, moved.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "admin/shard_control.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_requests.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox/shard.hpp"
#include "support/config/value.hpp"

namespace outbox::api {
namespace {

using admin::PostgresOutbox;
using http::Request;
using http::Response;

Response changed_or_not(const Request& request, int status, const Result<bool>& changed) {
  if (!changed) return failure(request, changed.error());
  return json_answer(status, {{"changed", *changed}});
}

std::optional<int> shard_of(const Request& request) {
  const auto shard = config::parse_integer(request.path_parameter("shard"));
  if (!shard || *shard < 0 || *shard >= kShardCount) return std::nullopt;
  return static_cast<int>(*shard);
}

Response no_such_shard(const Request& request) {
  return failure(request,
                 Error{ErrorCode::not_found, "there is no such shard: they are numbered 0 to " +
                                                 std::to_string(kShardCount - 1)});
}

http::Handler switch_topic(const ApiContext& context, bool paused) {
  return [context, paused](const Request& request) {
    return with_outbox(context, request, [&](PostgresOutbox& outbox) {
      const std::string topic{request.path_parameter("topic")};
      return changed_or_not(request, 200, admin::pause_topic(outbox, topic, paused));
    });
  };
}

// `change` takes the outbox and the shard.
template <class Change>
http::Handler change_shard(const ApiContext& context, Change change) {
  return [context, change](const Request& request) {
    const auto shard = shard_of(request);
    if (!shard) return no_such_shard(request);
    return with_outbox(context, request, [&](PostgresOutbox& outbox) {
      return changed_or_not(request, 200, change(outbox, *shard));
    });
  };
}

Response move(const ApiContext& context, const Request& request) {
  const auto shard = shard_of(request);
  if (!shard) return no_such_shard(request);
  auto body = http::read_json_body(request);
  if (auto* refusal = std::get_if<Response>(&body)) return std::move(*refusal);
  const auto relay = read_move(std::get<http::JsonValue>(body));
  if (const auto* errors = std::get_if<http::FieldErrors>(&relay)) {
    return http::invalid_fields(*errors);
  }
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    return changed_or_not(request, 202,
                          admin::move_shard(outbox, *shard, std::get<std::string>(relay)));
  });
}

}  // namespace

void add_shard_changes(http::Router& router, const ApiContext& context) {
  router.add("POST", "/api/v1/topics/{topic}/pause", switch_topic(context, true),
             http::Access::operator_);
  router.add("POST", "/api/v1/topics/{topic}/resume", switch_topic(context, false),
             http::Access::operator_);
  router.add(
      "POST", "/api/v1/shards/{shard}/pause",
      change_shard(context, [](PostgresOutbox& outbox,
                               int shard) { return admin::pause_shard(outbox, shard, true); }),
      http::Access::operator_);
  router.add(
      "POST", "/api/v1/shards/{shard}/resume",
      change_shard(context, [](PostgresOutbox& outbox,
                               int shard) { return admin::pause_shard(outbox, shard, false); }),
      http::Access::operator_);
  router.add("POST", "/api/v1/shards/{shard}/release", change_shard(context, admin::release_shard),
             http::Access::operator_);
  router.add(
      "POST", "/api/v1/shards/{shard}/move",
      [context](const Request& request) { return move(context, request); },
      http::Access::operator_);
}

}  // namespace outbox::api
