#include "support/tracing/collector.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

namespace outbox::tracing {
namespace {

constexpr std::string_view kPath = "/v1/traces";

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::optional<std::string> part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string result(text);
  curl_free(text);
  return result;
}

// The collector's base address, as OTEL_EXPORTER_OTLP_ENDPOINT has it, or the whole one.
Result<std::string> traces_url(const std::string& endpoint) {
  const Url url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, endpoint.c_str(), 0);
  const std::string scheme = part_of(url.get(), CURLUPART_SCHEME).value_or("");
  if (code != CURLUE_OK || (scheme != "http" && scheme != "https")) {
    return invalid(
        "telemetry.otlp_endpoint is no http or https URL; set the address where the collector "
        "takes OTLP over HTTP, as http://127.0.0.1:4318");
  }
  for (const auto part :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (part_of(url.get(), part)) {
      return invalid(
          "telemetry.otlp_endpoint holds a user, a password, a query or a fragment; put "
          "credentials into telemetry.otlp_headers");
    }
  }
  std::string path = part_of(url.get(), CURLUPART_PATH).value_or("");
  while (path.ends_with('/'))
    path.pop_back();
  if (!path.ends_with(kPath)) path += kPath;
  curl_url_set(url.get(), CURLUPART_PATH, path.c_str(), 0);
  return part_of(url.get(), CURLUPART_URL).value_or(endpoint);
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<std::string> percent_decode(std::string_view text) {
  if (text.empty()) return std::string();  // libcurl would look for its length itself
  int size = 0;
  char* decoded = curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size);
  if (decoded == nullptr) return std::nullopt;
  std::string result(decoded, static_cast<std::size_t>(size));
  curl_free(decoded);
  return result;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

std::optional<config::Secret> read_header(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = trim(entry.substr(0, equals));
  const auto value = percent_decode(trim(entry.substr(equals + 1)));
  const auto breaks = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  if (!is_token(name) || !value || value->empty() ||
      std::any_of(value->begin(), value->end(), breaks)) {
    return std::nullopt;
  }
  return config::Secret{std::string(name) + ": " + *value};
}

Result<std::vector<config::Secret>> read_headers(std::string_view text) {
  std::vector<config::Secret> headers;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (trim(entry).empty()) continue;
    auto header = read_header(entry);
    if (!header) {
      return invalid(fmt::format(
          "telemetry.otlp_headers: entry {} is not name=value; separate entries by commas, and "
          "write a comma or a control character within a value as %2C",
          headers.size() + 1));
    }
    headers.push_back(*std::move(header));
  }
  return headers;
}

}  // namespace

void declare(config::Schema& schema, TracingSettings& settings) {
  schema
      .text("telemetry.otlp_endpoint", settings.otlp_endpoint,
            {.help = "where spans are sent by OTLP over HTTP; /v1/traces is added to the path; "
                     "empty: no spans are made",
             .example = "http://127.0.0.1:4318"})
      .text("telemetry.otlp_headers", settings.otlp_headers,
            {.help = "headers for the collector, name=value separated by commas, values "
                     "percent-encoded",
             .example = "authorization=Bearer%20..."})
      .text("telemetry.otlp_ca_file", settings.otlp_ca_file,
            {.help = "certificate authorities (PEM) for the collector instead of the system's",
             .example = "/etc/outbox/collector-ca.pem"})
      .duration("telemetry.otlp_timeout", settings.otlp_timeout, {100, 60'000},
                {.help = "for a request to the collector; what it does not take in time is lost"});
}

Result<std::optional<Collector>> collector_of(const TracingSettings& settings) {
  if (settings.otlp_endpoint.empty()) return std::optional<Collector>();
  Collector collector;
  auto url = traces_url(settings.otlp_endpoint.reveal());
  if (!url) return std::move(url).error();
  collector.url = *std::move(url);
  auto headers = read_headers(settings.otlp_headers.reveal());
  if (!headers) return std::move(headers).error();
  collector.headers = *std::move(headers);
  if (!settings.otlp_ca_file.empty() && !std::ifstream(settings.otlp_ca_file).good()) {
    return invalid(fmt::format("telemetry.otlp_ca_file: {} cannot be read", settings.otlp_ca_file));
  }
  collector.ca_file = settings.otlp_ca_file;
  collector.timeout = settings.otlp_timeout;
  return std::optional(std::move(collector));
}

}  // namespace outbox::tracing
