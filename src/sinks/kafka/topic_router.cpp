#include "sinks/kafka/topic_router.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "support/text/printable.hpp"

namespace outbox::kafka {
namespace {

constexpr std::string_view kPlaceholder = "${aggregatetype}";
constexpr std::string_view kRule = "letters, digits, '.', '_' and '-', at most 249";

std::string expand(std::string_view text, std::string_view aggregate_type) {
  std::string result;
  for (auto at = text.find(kPlaceholder); at != std::string_view::npos;
       at = text.find(kPlaceholder)) {
    result.append(text.substr(0, at)).append(aggregate_type);
    text.remove_prefix(at + kPlaceholder.size());
  }
  return result.append(text);
}

// Quoted in an error, as much of it as helps.
std::string shown(std::string_view text) {
  return text::printable(text.substr(0, 100));
}

}  // namespace

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Result<std::string> checked_topic_name(std::string_view name) {
  if (is_topic_name(name)) return std::string(name);
  return Error{ErrorCode::message_rejected,
               fmt::format("the message is to go to \"{}\", which is no topic name; use {}",
                           shown(name), kRule)};
}

Result<TopicRouter> TopicRouter::make(std::string topic_template,
                                      const std::map<std::string, std::string>& routes) {
  if (!is_topic_name(expand(topic_template, "x"))) {
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("sink.topic = \"{}\" makes no topic name; use {}, and ${{aggregatetype}} "
                    "for the aggregate type",
                    shown(topic_template), kRule)};
  }
  TopicRouter result;
  result.template_ = std::move(topic_template);
  for (const auto& [type, topic] : routes) {
    if (!is_topic_name(topic)) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("sink.routes: \"{}\" (of {}) is no topic name; use {}", shown(topic),
                               shown(type), kRule)};
    }
    result.routes_.emplace(type, topic);
  }
  return result;
}

Result<std::string> TopicRouter::topic_of(std::string_view aggregate_type) const {
  const auto route = routes_.find(aggregate_type);
  if (route != routes_.end()) return route->second;
  std::string topic = expand(template_, aggregate_type);
  if (is_topic_name(topic)) return topic;
  return Error{ErrorCode::message_rejected,
               fmt::format("the aggregate type \"{}\" makes no topic name with \"{}\" ({}); add a "
                           "route for it in sink.routes",
                           shown(aggregate_type), template_, kRule)};
}

}  // namespace outbox::kafka
