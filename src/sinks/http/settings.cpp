#include "sinks/http/settings.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "sinks/http/request_headers.hpp"
#include "support/webhook/base64.hpp"
#include "support/webhook/signature.hpp"

namespace outbox::http_sink {
namespace {

// Of confidential texts, in characters.
constexpr std::size_t kTooShort = 4;

constexpr config::Range kRequests{1, 256};
constexpr config::Range kTimeout{100, 600'000};             // milliseconds
constexpr config::Range kRetryAfter{0, 24 * 3'600 * 1000};  // milliseconds
constexpr config::Range kMessages{1, 1'000'000};
constexpr config::Range kBytes{1'024, 4'294'967'296};

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

Result<void> read_url(const HttpSettings& settings, Endpoint& endpoint) {
  const std::string example = "set the address that takes the messages, as https://host/path";
  if (settings.url.empty()) return invalid("sink.http.url is empty; " + example);
  const Url url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, settings.url.reveal().c_str(), 0);
  if (code != CURLUE_OK) {
    return invalid(
        fmt::format("sink.http.url is not a URL ({}); {}", curl_url_strerror(code), example));
  }
  const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return invalid("sink.http.url is neither an http nor an https URL; " + example);
  }
  const std::string user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
  const std::string password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  endpoint.confidential = {webhook::encode_base64(user + ":" + password),
                           part_of(url.get(), CURLUPART_QUERY), password,
                           part_of(url.get(), CURLUPART_PASSWORD), user};
  // Every text is full of what is shorter; and "Og==" is what no credentials come to.
  std::erase_if(endpoint.confidential, [](const auto& text) { return text.size() <= kTooShort; });
  for (const auto part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY,
                          CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), part, nullptr, 0);
  }
  endpoint.name = part_of(url.get(), CURLUPART_URL);
  return {};
}

Result<void> check_range(const char* name, std::int64_t value, config::Range range) {
  if (value >= range.min && value <= range.max) return {};
  return invalid(
      fmt::format("sink.http.{} = {} is not from {} to {}", name, value, range.min, range.max));
}

Result<void> check_ranges(const HttpSettings& settings) {
  for (const auto& [name, value, range] :
       std::initializer_list<std::tuple<const char*, std::int64_t, config::Range>>{
           {"requests_in_flight", settings.requests_in_flight, kRequests},
           {"connect_timeout", settings.connect_timeout.count(), kTimeout},
           {"timeout", settings.timeout.count(), kTimeout},
           {"max_retry_after", settings.max_retry_after.count(), kRetryAfter},
           {"max_buffered_messages", settings.max_buffered_messages, kMessages},
           {"max_buffered_bytes", settings.max_buffered_bytes, kBytes}}) {
    if (auto checked = check_range(name, value, range); !checked) return checked;
  }
  return {};
}

}  // namespace

void declare(config::Schema& schema, HttpSettings& settings) {
  schema
      .text("sink.http.url", settings.url,
            {.help = "Where messages are posted to: an http or https URL.",
             .example = "https://example.com/webhooks/orders"})
      .text("sink.http.secrets", settings.secrets,
            {.help = "Signing secrets (Standard Webhooks), separated by spaces; without one, "
                     "requests are not signed.",
             .example = "whsec_…"})
      .text("sink.http.content_type", settings.content_type,
            {.help = "Content-Type of a message whose row has no content-type header."})
      .text("sink.http.ce_source", settings.ce_source,
            {.help = "The ce-source header: a URI reference that names this system."})
      .integer("sink.http.requests_in_flight", settings.requests_in_flight, kRequests,
               {.help = "Requests at a time; of one key there is never more than one."})
      .duration("sink.http.connect_timeout", settings.connect_timeout, kTimeout,
                {.help = "For a connection, with name resolution and TLS."})
      .duration("sink.http.timeout", settings.timeout, kTimeout, {.help = "For a whole request."})
      .duration("sink.http.max_retry_after", settings.max_retry_after, kRetryAfter,
                {.help = "The longest pause that a Retry-After header can ask for."})
      .integer("sink.http.max_buffered_messages", settings.max_buffered_messages, kMessages,
               {.help = "Messages taken from the outbox and not delivered yet, at most."})
      .integer("sink.http.max_buffered_bytes", settings.max_buffered_bytes, kBytes,
               {.help = "Their payloads and headers; a larger message is rejected."})
      .flag("sink.http.allow_private_networks", settings.allow_private_networks,
            {.help = "Allow loopback, private and link-local addresses as well."})
      .text("sink.http.ca_file", settings.ca_file,
            {.help = "Certificate authorities (PEM) instead of the system's.",
             .example = "/etc/outbox/ca.pem"});
}

Result<Endpoint> make_endpoint(const HttpSettings& settings) {
  Endpoint endpoint;
  if (auto read = read_url(settings, endpoint); !read) return read.error();
  if (auto checked = check_ranges(settings); !checked) return checked.error();
  if (!fits_header_value(settings.content_type) || settings.content_type.empty()) {
    return invalid("sink.http.content_type is no value of a header; set one as application/json");
  }
  if (settings.ce_source.empty()) {
    return invalid("sink.http.ce_source is empty; set a URI reference that names this system");
  }
  if (!settings.ca_file.empty() && !std::ifstream(settings.ca_file).good()) {
    return invalid(fmt::format("sink.http.ca_file: {} cannot be read", settings.ca_file));
  }
  auto secrets = webhook::decode_secrets(settings.secrets.reveal());
  if (!secrets) return invalid("sink.http.secrets: " + secrets.error().message);
  endpoint.secrets = *std::move(secrets);
  return endpoint;
}

}  // namespace outbox::http_sink
