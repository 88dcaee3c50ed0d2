#include <string>

#include "outboxctl/commands.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/server/server_commands.hpp"
#include "outboxctl/text_table.hpp"
#include "support/text/printable.hpp"

namespace outbox::ctl {
namespace {

template <class T>
Json nullable(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json as_json(const MessageRow& message) {
  return {{"seq", message.seq},
          {"id", message.id},
          {"status", message.status},
          {"aggregate_type", message.aggregate_type},
          {"key", message.key},
          {"type", message.type},
          {"created_at", message.created_at},
          {"attempts", message.attempts},
          {"due_at", nullable(message.due_at)},
          {"last_error", nullable(message.last_error)},
          {"topic", nullable(message.topic)},
          {"partition", nullable(message.partition)},
          {"offset", nullable(message.offset)}};
}

// Where it went, or why it did not.
std::string outcome(const MessageRow& message) {
  if (message.last_error) {
    return std::to_string(message.attempts) + " attempts: " + text::printable(*message.last_error);
  }
  if (!message.topic) return "";
  return text::printable(*message.topic) + "[" + std::to_string(message.partition.value_or(0)) +
         "]@" + std::to_string(message.offset.value_or(-1));
}

void print_text(std::ostream& out, const std::vector<MessageRow>& messages) {
  TextTable table{{"SEQ", "STATUS", "KEY", "TYPE", "CREATED", "OUTCOME"}};
  for (const MessageRow& message : messages) {
    table.add({std::to_string(message.seq), message.status, text::printable(message.key),
               text::printable(message.type), message.created_at, outcome(message)});
  }
  table.print(out);
}

}  // namespace

Result<void> list_messages(const CommonOptions& common, const MessagesOptions& options,
                           std::ostream& out) {
  if (!common.server.empty()) return server::list_messages(common, options, out);
  auto outbox = open_outbox(common);
  if (!outbox) return std::move(outbox).error();
  const auto messages = (*outbox)->messages(options);
  if (!messages) return messages.error();
  if (common.format == Format::json) {
    auto array = Json::array();
    for (const MessageRow& message : *messages)
      array.push_back(as_json(message));
    print_line(out, array);
  } else {
    print_text(out, *messages);
  }
  return {};
}

}  // namespace outbox::ctl
