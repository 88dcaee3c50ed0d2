// Dead letters: sent again, as they are or edited, or discarded.
#include <string>
#include <utility>
#include <variant>

#include "admin/dead_letters.hpp"
#include "outbox-processor/api/answers.hpp"
#include "outbox-processor/api/change_requests.hpp"
#include "outbox-processor/api/change_routes.hpp"
#include "outbox-processor/api/operation_json.hpp"

namespace outbox::api {
namespace {

using admin::DeadLetters;
using admin::DeadLetterSelection;
using admin::PostgresOutbox;
using admin::Purpose;
using http::Request;
using http::Response;

// What the selection comes to, or the answer that says why it comes to nothing.
std::variant<DeadLetterSelection, Response> select(const Request& request, PostgresOutbox& outbox,
                                                   admin::DeadLetterFilter filter,
                                                   Purpose purpose) {
  auto since = outbox.moment(filter.since, "since");
  if (!since && since.error().code == ErrorCode::invalid_argument) {
    return http::invalid_fields({{since.error().message, "#/selection/filter/since"}});
  }
  if (!since) return failure(request, since.error());
  filter.since = *std::move(since);
  auto selection = DeadLetters{outbox}.select(filter, purpose, kMostChanged);
  if (!selection) return failure(request, selection.error());
  return *std::move(selection);
}

Response counted(const DeadLetterSelection& selection) {
  return json_answer(200, {{"count", selection.seqs.size()}});
}

// Nothing when the payload fits, or there is none.
std::optional<Response> refuse_payload(const Request& request, PostgresOutbox& outbox,
                                       const DeadLetterSelection& selection,
                                       const std::optional<std::string>& payload) {
  if (!payload) return std::nullopt;
  if (selection.seqs.size() != 1) {
    return http::invalid_fields(
        {{"is for one message, and the id is that of " + std::to_string(selection.seqs.size()) +
              ": name one by its seq",
          "#/payload"}});
  }
  const auto fits = DeadLetters{outbox}.check_payload(*payload);
  if (fits) return std::nullopt;
  if (fits.error().code != ErrorCode::invalid_argument) return failure(request, fits.error());
  return http::invalid_fields({{fits.error().message, "#/payload"}});
}

Operations::Work retry_work(admin::OutboxPool& pool, std::string actor,
                            DeadLetterSelection selection, RetryRequest how) {
  return [&pool, actor = std::move(actor), selection = std::move(selection),
          how = std::move(how)](Operations::Progress& progress) -> Result<void> {
    auto outbox = pool.open(actor);
    if (!outbox) return std::move(outbox).error();
    const auto now = outbox->now_us();
    if (!now) return now.error();
    const admin::Schedule schedule{*now, how.rate};
    DeadLetters letters{*outbox};
    const auto reached = [&](std::size_t done, std::size_t changed) {
      return progress.reached(done, changed);
    };
    auto changed = how.payload ? letters.retry_edited(selection, *how.payload, schedule, reached)
                               : letters.retry(selection, schedule, reached);
    if (!changed) return std::move(changed).error();
    if (how.payload && *changed == 0) {
      return Error{ErrorCode::conflict,
                   "the message is no longer dead or retrying: its payload stays as it was"};
    }
    return {};
  };
}

Operations::Work discard_work(admin::OutboxPool& pool, std::string actor,
                              DeadLetterSelection selection) {
  return [&pool, actor = std::move(actor),
          selection = std::move(selection)](Operations::Progress& progress) -> Result<void> {
    auto outbox = pool.open(actor);
    if (!outbox) return std::move(outbox).error();
    auto changed = DeadLetters{*outbox}.discard(
        selection,
        [&](std::size_t done, std::size_t messages) { return progress.reached(done, messages); });
    return changed ? Result<void>{} : Result<void>{std::move(changed).error()};
  };
}

Response retry(const ApiContext& context, const Request& request, PostgresOutbox& outbox,
               RetryRequest how) {
  auto selected = select(request, outbox, how.selection, Purpose::retry);
  if (auto* refusal = std::get_if<Response>(&selected)) return std::move(*refusal);
  auto& selection = std::get<DeadLetterSelection>(selected);
  if (auto refusal = refuse_payload(request, outbox, selection, how.payload)) {
    return *std::move(refusal);
  }
  if (how.dry_run) return counted(selection);
  const std::size_t total = selection.seqs.size();
  return accepted(request,
                  context.operations->start("retry", outbox.actor(), total,
                                            retry_work(*context.outbox, outbox.actor(),
                                                       std::move(selection), std::move(how))));
}

Response discard(const ApiContext& context, const Request& request, PostgresOutbox& outbox,
                 const DiscardRequest& how) {
  auto selected = select(request, outbox, how.selection, Purpose::discard);
  if (auto* refusal = std::get_if<Response>(&selected)) return std::move(*refusal);
  auto& selection = std::get<DeadLetterSelection>(selected);
  if (how.dry_run) return counted(selection);
  const std::size_t total = selection.seqs.size();
  const std::string expected = "discard " + std::to_string(total);
  if (how.confirm != expected) {
    return failure(request, Error{ErrorCode::conflict,
                                  "these are " + std::to_string(total) +
                                      " messages now, and nothing was discarded: if you mean "
                                      "them, confirm with \"" +
                                      expected + "\""});
  }
  return accepted(request, context.operations->start("discard", outbox.actor(), total,
                                                     discard_work(*context.outbox, outbox.actor(),
                                                                  std::move(selection))));
}

// `read` makes of the body what `change` then does.
template <class Read, class Change>
http::Handler handler(const ApiContext& context, Read read, Change change) {
  return [context, read, change](const Request& request) {
    auto body = http::read_json_body(request);
    if (auto* refusal = std::get_if<Response>(&body)) return std::move(*refusal);
    auto how = read(std::get<http::JsonValue>(body));
    if (const auto* errors = std::get_if<http::FieldErrors>(&how)) {
      return http::invalid_fields(*errors);
    }
    return with_outbox(context, request, [&](PostgresOutbox& outbox) {
      return change(context, request, outbox, std::get<0>(std::move(how)));
    });
  };
}

}  // namespace

void add_dead_letter_changes(http::Router& router, const ApiContext& context) {
  router.add("POST", "/api/v1/dead-letters/retry", handler(context, read_retry, retry),
             http::Access::operator_);
  router.add("POST", "/api/v1/dead-letters/discard", handler(context, read_discard, discard),
             http::Access::operator_);
}

}  // namespace outbox::api
