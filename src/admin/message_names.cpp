#include "admin/message_names.hpp"

#include "support/config/value.hpp"

namespace outbox::admin {

Result<MessageNames> parse_names(const std::vector<std::string>& names) {
  MessageNames parsed;
  for (const std::string& name : names) {
    if (const auto id = Uuid::parse(name)) {
      parsed.ids.push_back(*id);
    } else if (const auto seq = config::parse_integer(name); seq && *seq >= 0) {
      parsed.seqs.push_back(*seq);
    } else {
      return Error{ErrorCode::invalid_argument,
                   "an argument is neither a message's seq nor its id (a UUID)"};
    }
  }
  return parsed;
}

}  // namespace outbox::admin
