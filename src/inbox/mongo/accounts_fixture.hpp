// Messages about accounts, for tests of the inbox.
#pragma once

#include <string>
#include <utility>

#include "inbox/mongo/document_inbox.hpp"

namespace outbox::mongo::testing {

inline DocumentMessage open_account(const std::string& id, std::int64_t amount,
                                    Uuid message = Uuid::v7()) {
  DocumentEffect effect{id, "opened", amount, Bson{}, {}};
  effect.initial.text("state", "open").integer("amount", amount);
  effect.change = [](const Bson&) -> Result<Bson> {
    return Error{ErrorCode::message_rejected, "it is open already"};
  };
  return {message, std::move(effect)};
}

inline DocumentMessage close_account(const std::string& id, Uuid message = Uuid::v7()) {
  DocumentEffect effect{id, "closed", 0, Bson{}, {}};
  effect.initial.text("state", "closed");
  effect.change = [](const Bson&) -> Result<Bson> {
    Bson set;
    set.text("state", "closed");
    Bson update;
    update.document("$set", set);
    return update;
  };
  return {message, std::move(effect)};
}

}  // namespace outbox::mongo::testing
