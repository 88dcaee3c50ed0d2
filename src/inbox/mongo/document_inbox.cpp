#include "inbox/mongo/document_inbox.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace outbox::mongo {

namespace {

constexpr std::uint32_t kDuplicateKey = 11000;
// Another writer got in between so many times: leave it to the caller to come again.
constexpr int kMaxDecisions = 5;

std::int64_t now_ms() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Bson ledger_entry(const DocumentMessage& message) {
  Bson entry;
  entry.text("messageId", message.id.to_string())
      .text("effect", message.effect.name)
      .integer("amountMinor", message.effect.amount_minor)
      .date("at", now_ms());
  if (message.traceparent) entry.text("traceparent", *message.traceparent);
  return entry;
}

Bson new_document(const DocumentMessage& message) {
  std::vector<Bson> effects;
  effects.push_back(ledger_entry(message));
  Bson document;
  document.text("_id", message.effect.document_id)
      .append(*message.effect.initial.get())
      .array("effects", effects);
  return document;
}

bool contains(const std::vector<Bson>& effects, const Uuid& message) {
  const std::string id = message.to_string();
  return std::any_of(effects.begin(), effects.end(),
                     [&](const Bson& effect) { return find_text(effect, "messageId") == id; });
}

bool unavailable(const Error& error) {
  return error.code == ErrorCode::destination_unavailable;
}

// One member of a reply's writeErrors.
Error write_error(const Bson& problem, const std::string& document_id) {
  bson_error_t error{};
  const std::string message(find_text(problem, "errmsg").value_or(""));
  bson_set_error(&error, MONGOC_ERROR_SERVER,
                 static_cast<std::uint32_t>(find_integer(problem, "code").value_or(0)), "%s",
                 message.c_str());
  return to_error(error, "store document " + document_id);
}

}  // namespace

DocumentInbox::DocumentInbox(const Client& client, std::string collection,
                             std::chrono::milliseconds patience)
    : client_(&client), name_(std::move(collection)), patience_(patience) {}

std::vector<Result<InboxOutcome>> DocumentInbox::apply(std::span<const DocumentMessage> messages) {
  std::vector<Work> all;
  all.reserve(messages.size());
  for (const DocumentMessage& message : messages)
    all.push_back({&message, std::nullopt});

  // Each round takes at most one message of a document, so that those of one document keep their
  // order while those of a round may go in any.
  std::vector<Work*> waiting;
  for (Work& work : all)
    waiting.push_back(&work);
  Progress progress{std::chrono::steady_clock::now() + patience_};
  while (!waiting.empty()) {
    std::vector<Work*> round;
    std::vector<Work*> later;
    std::set<std::string_view> taken;
    for (Work* work : waiting) {
      if (taken.insert(work->message->effect.document_id).second) {
        round.push_back(work);
      } else {
        later.push_back(work);
      }
    }
    apply_round(round, progress);
    waiting = std::move(later);
  }

  std::vector<Result<InboxOutcome>> outcomes;
  outcomes.reserve(all.size());
  for (Work& work : all)
    outcomes.push_back(*std::move(work.outcome));
  return outcomes;
}

void DocumentInbox::apply_round(const std::vector<Work*>& round, Progress& progress) {
  if (progress.stopped) {
    for (Work* work : round)
      work->outcome = *progress.stopped;
    return;
  }
  const auto insertions = insert_all(round);
  const bool one_may_spoil_all =
      round.size() > 1 &&
      std::all_of(insertions.begin(), insertions.end(), [](const auto& insertion) {
        return !insertion && insertion.error().code == ErrorCode::message_rejected;
      });
  if (one_may_spoil_all) {
    for (Work* work : round)
      apply_round({work}, progress);
    return;
  }
  for (std::size_t index = 0; index < round.size(); ++index) {
    const auto& insertion = insertions[index];
    if (!insertion) {
      round[index]->outcome = insertion.error();
      if (unavailable(insertion.error())) progress.stopped = insertion.error();
    } else if (*insertion == Insertion::inserted) {
      round[index]->outcome = InboxOutcome::applied;
    }
  }
  for (Work* work : round) {
    if (work->outcome) continue;
    if (progress.stopped) {
      work->outcome = *progress.stopped;
      continue;
    }
    work->outcome = change_existing(*work->message);
    const auto& outcome = *work->outcome;
    if (!outcome && unavailable(outcome.error())) progress.stopped = outcome.error();
    progress.stop_when_due();
  }
  progress.stop_when_due();
}

void DocumentInbox::Progress::stop_when_due() {
  if (stopped || std::chrono::steady_clock::now() < deadline) return;
  stopped = Error{ErrorCode::destination_unavailable,
                  "MongoDB is slow: the rest of the batch waits for the next attempt"};
}

// The unique _id decides, atomically on every server, who creates the document.
std::vector<Result<DocumentInbox::Insertion>> DocumentInbox::insert_all(
    const std::vector<Work*>& round) {
  using Insertions = std::vector<Result<Insertion>>;
  const Collection collection = client_->collection(name_);
  Bson options;
  bson_append_bool(options.get(), "ordered", -1, false);
  const Owned<mongoc_bulk_operation_t> bulk(
      mongoc_collection_create_bulk_operation_with_opts(collection.get(), options.get()));
  bson_error_t error{};
  for (const Work* work : round) {
    const Bson document = new_document(*work->message);
    if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), nullptr, &error)) {
      return Insertions(round.size(),
                        to_error(error, "accept document " + work->message->effect.document_id));
    }
  }

  bson_t raw;
  const bool executed = mongoc_bulk_operation_execute(bulk.get(), &raw, &error) != 0;
  const Bson reply(raw);
  bson_destroy(&raw);
  const std::vector<Bson> problems = find_documents(reply, "writeErrors");
  if (!executed && problems.empty()) {
    return Insertions(round.size(), to_error(error, "store the documents"));
  }
  // Only what the server counted is known to be there.
  const bool complete =
      find_integer(reply, "nInserted").value_or(0) + static_cast<std::int64_t>(problems.size()) ==
      static_cast<std::int64_t>(round.size());
  const bool durable = find_documents(reply, "writeConcernErrors").empty();
  if (!complete || !durable) {
    return Insertions(round.size(),
                      Error{ErrorCode::destination_unavailable,
                            "MongoDB stored the documents only in part or not durably"});
  }
  Insertions insertions(round.size(), Insertion::inserted);
  for (const Bson& problem : problems) {
    const auto index = static_cast<std::size_t>(find_integer(problem, "index").value_or(0));
    if (index >= insertions.size()) continue;
    if (find_integer(problem, "code") == kDuplicateKey) {
      insertions[index] = Insertion::exists;
    } else {
      insertions[index] = write_error(problem, round[index]->message->effect.document_id);
    }
  }
  return insertions;
}

Result<InboxOutcome> DocumentInbox::change_existing(const DocumentMessage& message) {
  for (int decision = 0; decision < kMaxDecisions; ++decision) {
    auto found = client_->collection(name_).find_by_id(message.effect.document_id);
    if (!found) return std::move(found).error();
    if (*found == nullptr) break;  // someone removes documents: come again
    const Bson& current = **found;
    const std::vector<Bson> effects = find_documents(current, "effects");
    if (contains(effects, message.id)) return InboxOutcome::duplicate;

    auto update = message.effect.change(current);
    if (!update) return std::move(update).error();
    auto appended = append_effect(message, *update, effects.size());
    if (!appended) return std::move(appended).error();
    if (*appended) return InboxOutcome::applied;
  }
  return Error{ErrorCode::destination_unavailable,
               "document " + message.effect.document_id +
                   " is being changed by others all the time; it will be tried again"};
}

// MongoDB applies filter and update as one. FerretDB 1.x reads, changes and writes back in three
// steps, so its filter protects nothing, and it reads the whole collection unless the filter is
// the _id alone (340 ms for 6,000 documents): there the length that was just read must do. Two
// consumers work on one document only in the moment of a rebalance, and then on the same message.
Result<bool> DocumentInbox::append_effect(const DocumentMessage& message, const Bson& update,
                                          std::size_t ledger_length) {
  const auto by_id_only = filters_by_id_only();
  if (!by_id_only) return by_id_only.error();
  Bson filter;
  filter.text("_id", message.effect.document_id);
  if (!*by_id_only) {
    Bson length;
    length.integer("$size", static_cast<std::int64_t>(ledger_length));
    filter.document("effects", length);
  }
  Bson push;
  push.document("effects", ledger_entry(message));
  Bson whole(*update.get());
  whole.document("$push", push);

  const Collection collection = client_->collection(name_);
  bson_t raw;
  bson_error_t error{};
  const bool executed = mongoc_collection_update_one(collection.get(), filter.get(), whole.get(),
                                                     nullptr, &raw, &error);
  const Bson reply(raw);
  bson_destroy(&raw);
  if (!executed) return to_error(error, "change document " + message.effect.document_id);
  return find_integer(reply, "modifiedCount") == 1;
}

Result<bool> DocumentInbox::filters_by_id_only() {
  if (filters_by_id_only_) return *filters_by_id_only_;
  const Collection collection = client_->collection(name_);
  Bson command;
  command.integer("buildInfo", 1);
  bson_t raw;
  bson_error_t error{};
  const bool executed = mongoc_client_command_simple(collection.client(), "admin", command.get(),
                                                     nullptr, &raw, &error);
  const Bson reply(raw);
  bson_destroy(&raw);
  if (!executed) return to_error(error, "say what it is");
  filters_by_id_only_ = find_text(reply, "ferretdbVersion").has_value();
  return *filters_by_id_only_;
}

}  // namespace outbox::mongo
