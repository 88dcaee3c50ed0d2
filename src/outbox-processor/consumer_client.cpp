#include "outbox-processor/consumer_client.hpp"

#include <utility>

#include "support/config/mask_url.hpp"
#include "support/http_client/client.hpp"

namespace outbox {
namespace {

http::ClientOptions options() {
  http::ClientOptions options;
  options.timeout = ConsumerClient::kDeadline;
  options.max_answer = ConsumerClient::kMostBody;
  return options;
}

Result<http::ClientAnswer> get(const std::string& url) {
  http::ClientRequest request;
  request.url = url;
  return http::fetch(request, options());
}

}  // namespace

ConsumerClient::ConsumerClient(std::string url)
    : url_(std::move(url)), shown_url_(config::mask_url(url_)) {
  while (url_.ends_with('/'))
    url_.pop_back();
}

Result<std::optional<nlohmann::ordered_json>> ConsumerClient::event(const std::string& id) const {
  const auto unavailable = [this](const std::string& why) {
    return Error{ErrorCode::destination_unavailable, "the consumer at " + shown_url_ + " " + why};
  };
  const auto answer = get(url_ + "/v1/events/" + http::percent_encoded(id));
  if (!answer) return unavailable("does not answer");
  if (answer->status == 404) return std::optional<nlohmann::ordered_json>{};
  if (answer->status != 200) {
    return unavailable("answers with status " + std::to_string(answer->status));
  }
  auto event = nlohmann::ordered_json::parse(answer->body, nullptr, false);
  if (!event.is_object()) return unavailable("answers with something else than a JSON object");
  return std::optional{std::move(event)};
}

bool ConsumerClient::reachable() const {
  const auto answer = get(url_ + "/livez");
  return answer && answer->status == 200;
}

}  // namespace outbox
