// Delivered messages, sent again.
#include "admin/replay.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_requests.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox-processor/api/operation_json.hpp"

namespace outbox::api {
namespace {

using admin::PostgresOutbox;
using http::Request;
using http::Response;

// A dry run looks no further, whichever comes first: it is answered within a few seconds, and gives
// its connection back to those who ask for other things.
constexpr std::size_t kMostCounted = 100'000;
constexpr std::chrono::seconds kMostCounting{2};

// Replaces what a person has written by what PostgreSQL makes of it, once for all pages; or the
// answer that names the field.
std::optional<Response> fix_moment(const Request& request, PostgresOutbox& outbox,
                                   std::string& moment, const std::string& name) {
  auto fixed = outbox.moment(moment, name);
  if (fixed) {
    moment = *std::move(fixed);
    return std::nullopt;
  }
  if (fixed.error().code != ErrorCode::invalid_argument) return failure(request, fixed.error());
  return http::invalid_fields({{fixed.error().message, "#/filter/" + name}});
}

Response count(const Request& request, PostgresOutbox& outbox, const admin::ReplayFilter& filter) {
  const auto deadline = std::chrono::steady_clock::now() + kMostCounting;
  bool stopped = false;
  const auto seqs =
      admin::Replay{outbox}.select(filter, kMostChanged, [&](std::size_t found, std::size_t) {
        stopped = found >= kMostCounted || std::chrono::steady_clock::now() >= deadline;
        return !stopped;
      });
  if (!seqs) return failure(request, seqs.error());
  return json_answer(200, {{"count", seqs->size()}, {"countIsLowerBound", stopped}});
}

// Messages are chosen here and not in the request, since that may take a minute.
Operations::Work replay_work(admin::OutboxPool& pool, std::string actor, ReplayRequest how) {
  return [&pool, actor = std::move(actor),
          how = std::move(how)](Operations::Progress& progress) -> Result<void> {
    auto outbox = pool.open(actor);
    if (!outbox) return std::move(outbox).error();
    admin::Replay replay{*outbox};
    const auto seqs = replay.select(how.filter, kMostChanged, [&](std::size_t found, std::size_t) {
      progress.expect(found);
      return progress.reached(0, 0);
    });
    if (!seqs) return seqs.error();
    progress.expect(seqs->size());
    const auto now = outbox->now_us();
    if (!now) return now.error();
    auto changed = replay.start(
        *seqs, {*now, how.rate}, how.topic,
        [&](std::size_t done, std::size_t messages) { return progress.reached(done, messages); });
    return changed ? Result<void>{} : Result<void>{std::move(changed).error()};
  };
}

Response replay(const ApiContext& context, const Request& request) {
  auto body = http::read_json_body(request);
  if (auto* refusal = std::get_if<Response>(&body)) return std::move(*refusal);
  auto read = read_replay(std::get<http::JsonValue>(body));
  if (const auto* errors = std::get_if<http::FieldErrors>(&read)) {
    return http::invalid_fields(*errors);
  }
  auto& how = std::get<ReplayRequest>(read);
  return with_outbox(context, request, [&](PostgresOutbox& outbox) {
    if (auto refusal = fix_moment(request, outbox, how.filter.since, "since")) return *refusal;
    if (auto refusal = fix_moment(request, outbox, how.filter.until, "until")) return *refusal;
    if (how.dry_run) return count(request, outbox, how.filter);
    return accepted(request, context.operations->start(
                                 "replay", outbox.actor(), 0,
                                 replay_work(*context.outbox, outbox.actor(), std::move(how))));
  });
}

}  // namespace

void add_replay_routes(http::Router& router, const ApiContext& context) {
  router.add(
      "POST", "/api/v1/replay",
      [context](const Request& request) { return replay(context, request); },
      http::Access::operator_);
}

}  // namespace outbox::api
