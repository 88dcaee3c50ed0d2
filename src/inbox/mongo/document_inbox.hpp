// The inbox on MongoDB without multi-document transactions: the id of a message and its effect go
// into the one document that the effect is about, in one write.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inbox/mongo/bson.hpp"
#include "inbox/mongo/client.hpp"
#include "outbox/inbox.hpp"

namespace outbox::mongo {

// What a message does to one document.
struct DocumentEffect {
  std::string document_id;        // the document's _id
  std::string name;               // of the effect, for the ledger: "created"
  std::int64_t amount_minor = 0;  // for the ledger
  // The document's fields, without _id and effects, when it does not exist yet.
  Bson initial;
  // What the effect changes in a document that exists, as an update without $push on effects:
  // {"$set": {...}}. An error of message_rejected when the document's state does not admit it. May
  // be called several times.
  std::function<Result<Bson>(const Bson& current)> change;
};

using DocumentMessage = InboxMessage<DocumentEffect>;

// Every document carries the ledger of its effects, which only ever grows:
//   effects: [{messageId, effect, amountMinor, at, traceparent when the message had one}]
// A message whose id is in the ledger is a duplicate. The ledger's length is the document's
// version: a change applies to the length that it was decided on, or is decided anew.
//
// One thread. Two inboxes may work on one collection at a time; see append_effect for servers
// whose updates are not atomic.
class DocumentInbox final : public Inbox<DocumentEffect> {
 public:
  // `client` must outlive the inbox. After `patience`, apply begins nothing more, so that its
  // caller can see to other things; it always gets one step further.
  DocumentInbox(const Client& client, std::string collection,
                std::chrono::milliseconds patience = std::chrono::seconds{30});

  // Messages for documents that do not exist yet go in one round trip. After the first
  // destination_unavailable the messages that are left get the same error, and nobody is asked.
  [[nodiscard]] std::vector<Result<InboxOutcome>> apply(
      std::span<const DocumentMessage> messages) override;

 private:
  // Where a message of apply stands.
  struct Work {
    const DocumentMessage* message = nullptr;
    std::optional<Result<InboxOutcome>> outcome = std::nullopt;
  };
  enum class Insertion { inserted, exists };
  // Whether apply goes on.
  struct Progress {
    void stop_when_due();
    std::chrono::steady_clock::time_point deadline;
    std::optional<Error> stopped = std::nullopt;  // why nothing more is begun
  };

  void apply_round(const std::vector<Work*>& round, Progress& progress);
  [[nodiscard]] std::vector<Result<Insertion>> insert_all(const std::vector<Work*>& round);
  [[nodiscard]] Result<InboxOutcome> change_existing(const DocumentMessage& message);
  // True: appended. False: the document has changed since `current` was read.
  [[nodiscard]] Result<bool> append_effect(const DocumentMessage& message, const Bson& update,
                                           std::size_t ledger_length);
  [[nodiscard]] Result<bool> filters_by_id_only();

  const Client* client_;
  std::string name_;
  std::chrono::milliseconds patience_;
  std::optional<bool> filters_by_id_only_;
};

}  // namespace outbox::mongo
