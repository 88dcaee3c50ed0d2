#include "sinks/http/outcome.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "support/text/printable.hpp"

namespace outbox::http_sink {
namespace {

constexpr std::size_t kShownBody = 300;  // bytes

enum class Verdict { delivered, rejected, failed, destination_failed };

// A 500 is most often one message's doing; what else fails concerns all of them.
Verdict verdict_of(long status) {
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 408:
    case 425:
    case 429:
      return Verdict::destination_failed;
    case 500:
      return Verdict::failed;
    default:
      if (status >= 200 && status < 300) return Verdict::delivered;
      return status >= 400 && status < 500 ? Verdict::rejected : Verdict::destination_failed;
  }
}

// What a person should know of the status beside its number.
std::string_view remark(long status) {
  if (status >= 300 && status < 400) {
    return " (a redirect, and those are not followed: set sink.http.url to where it leads)";
  }
  switch (status) {
    case 401:
    case 403:
      return " (the destination does not accept this sender: check the credentials)";
    case 404:
    case 405:
      return " (nothing takes messages there: check sink.http.url)";
    case 410:
      return " (gone: the receiver wants no more messages there)";
    case 413:
      return " (the message is too large for the receiver)";
    default:
      return "";
  }
}

std::string without(std::string text, const std::string& secret) {
  constexpr std::string_view kMask = "***";
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kMask.size())) {
    text.replace(at, secret.size(), kMask);
  }
  return text;
}

std::string shown(std::string text, const Endpoint& endpoint) {
  for (const auto& secret : endpoint.confidential) {
    text = without(std::move(text), secret);
  }
  const bool cut = text.size() > kShownBody;
  return text::printable(text.substr(0, kShownBody)) + (cut ? "…" : "");
}

std::string failure_text(const Exchange& exchange, const Endpoint& endpoint) {
  if (!exchange.refused_address.empty()) {
    return fmt::format(
        "{} was not asked: its address {} is not on the public internet, which "
        "sink.http.allow_private_networks = true would permit",
        endpoint.name, exchange.refused_address);
  }
  std::string_view kind = "the request failed";
  switch (exchange.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      kind = "its name has no address";
      break;
    case CURLE_COULDNT_CONNECT:
      kind = "no connection";
      break;
    case CURLE_OPERATION_TIMEDOUT:
      kind = "no answer in time";
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
      kind = "its certificate is not trusted";
      break;
    case CURLE_SSL_CONNECT_ERROR:
      kind = "no TLS connection";
      break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      kind = "the connection broke";
      break;
    default:
      break;
  }
  return fmt::format("{}: {} ({})", endpoint.name, kind, shown(exchange.problem, endpoint));
}

}  // namespace

Outcome outcome_of(const Exchange& exchange, const Endpoint& endpoint,
                   std::chrono::milliseconds max_retry_after) {
  if (exchange.status == 0) {
    return {Error{ErrorCode::destination_unavailable, failure_text(exchange, endpoint)}, true};
  }
  const Verdict verdict = verdict_of(exchange.status);
  if (verdict == Verdict::delivered) return {};
  std::string text =
      fmt::format("{} answered {}{}", endpoint.name, exchange.status, remark(exchange.status));
  if (!exchange.body.empty()) text += ": " + shown(exchange.body, endpoint);
  Outcome outcome;
  outcome.error = Error{verdict == Verdict::rejected ? ErrorCode::message_rejected
                                                     : ErrorCode::destination_unavailable,
                        std::move(text)};
  outcome.of_destination = verdict == Verdict::destination_failed;
  if (exchange.status == 429 || exchange.status == 503) {
    // Cut off in seconds first: a far date would overflow milliseconds.
    const auto most = std::chrono::ceil<std::chrono::seconds>(max_retry_after);
    const auto asked = std::clamp(exchange.retry_after, std::chrono::seconds(0), most);
    outcome.pause = std::min<std::chrono::milliseconds>(asked, max_retry_after);
  }
  return outcome;
}

}  // namespace outbox::http_sink
