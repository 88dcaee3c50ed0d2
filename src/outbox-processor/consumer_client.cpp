#include "outbox-processor/consumer_client.hpp"

#include <array>
#include <memory>
#include <utility>

#include <curl/curl.h>

#include "support/config/mask_url.hpp"

namespace outbox {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > ConsumerClient::kMostBody) return 0;  // ends the transfer
  text.append(data, size * count);
  return size * count;
}

bool set_up(CURL* easy, const std::string& url, std::string& body, char* problem) {
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  const auto deadline = static_cast<long>(ConsumerClient::kDeadline.count());
  return set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
         set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) &&
         set(CURLOPT_CONNECTTIMEOUT_MS, deadline) && set(CURLOPT_TIMEOUT_MS, deadline) &&
         set(CURLOPT_PROXY, "") && set(CURLOPT_USERAGENT, "outbox") &&
         set(CURLOPT_ERRORBUFFER, problem) && set(CURLOPT_WRITEFUNCTION, take_body) &&
         set(CURLOPT_WRITEDATA, &body);
}

Error unavailable(const std::string& url, const std::string& why) {
  return {ErrorCode::destination_unavailable, "the consumer at " + url + " " + why};
}

}  // namespace

ConsumerClient::ConsumerClient(std::string url)
    : url_(std::move(url)), shown_url_(config::mask_url(url_)) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialized);  // where it failed, every request does
  while (url_.ends_with('/'))
    url_.pop_back();
}

Result<ConsumerClient::Answer> ConsumerClient::get(const std::string& path) const {
  Answer answer;
  std::array<char, CURL_ERROR_SIZE> problem{};
  const std::string url = url_ + path;
  const std::unique_ptr<CURL, EasyDeleter> easy{curl_easy_init()};
  if (easy == nullptr || !set_up(easy.get(), url, answer.body, problem.data())) {
    return Error{ErrorCode::internal, "libcurl could not be set up"};
  }
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    return unavailable(shown_url_,
                       std::string{"does not answer: "} +
                           (problem[0] != '\0' ? problem.data() : curl_easy_strerror(code)));
  }
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

Result<std::optional<nlohmann::ordered_json>> ConsumerClient::event(const std::string& id) const {
  auto answer = get("/v1/events/" + id);
  if (!answer) return std::move(answer).error();
  if (answer->status == 404) return std::optional<nlohmann::ordered_json>{};
  if (answer->status != 200) {
    return unavailable(shown_url_, "answers with status " + std::to_string(answer->status));
  }
  auto event = nlohmann::ordered_json::parse(answer->body, nullptr, false);
  if (!event.is_object()) return unavailable(shown_url_, "answers with something else than JSON");
  return std::optional{std::move(event)};
}

bool ConsumerClient::reachable() const {
  const auto answer = get("/livez");
  return answer && answer->status == 200;
}

}  // namespace outbox
