// Which topic a message goes to.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "outbox/result.hpp"

namespace outbox::kafka {

class TopicRouter {
 public:
  // invalid_argument: a route's topic, or the template around its placeholder, is no topic name.
  [[nodiscard]] static Result<TopicRouter> make(std::string topic_template,
                                                const std::map<std::string, std::string>& routes);

  // message_rejected: the aggregate type does not make a topic name.
  [[nodiscard]] Result<std::string> topic_of(std::string_view aggregate_type) const;

 private:
  std::string template_;
  std::map<std::string, std::string, std::less<>> routes_;
};

// A topic that a message names itself. message_rejected: it is no topic name.
[[nodiscard]] Result<std::string> checked_topic_name(std::string_view name);

// Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], neither "." nor "..".
[[nodiscard]] bool is_topic_name(std::string_view name);

}  // namespace outbox::kafka
