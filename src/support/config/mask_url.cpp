#include "support/config/mask_url.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace outbox::config {
namespace {

constexpr std::string_view kMask = "***";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// The parameters of PostgreSQL and MongoDB that people look for in a log and that hold no secret.
bool may_be_shown(std::string_view parameter) {
  static constexpr std::array<std::string_view, 16> kNames = {"user",          "dbname",
                                                              "host",          "port",
                                                              "sslmode",       "application_name",
                                                              "appname",       "tls",
                                                              "authsource",    "replicaset",
                                                              "authmechanism", "connect_timeout",
                                                              "ssl",           "w",
                                                              "retrywrites",   "directconnection"};
  return std::find(kNames.begin(), kNames.end(), lower(parameter)) != kNames.end();
}

std::string mask_query(std::string_view query) {
  std::string result;
  while (!query.empty()) {
    const auto end = std::min(query.find_first_of("&;"), query.size());
    const auto parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      result.append(kMask);
    } else if (may_be_shown(parameter.substr(0, equals))) {
      result.append(parameter);
    } else {
      result.append(parameter.substr(0, equals + 1)).append(kMask);
    }
    if (end == query.size()) break;
    result.push_back(query[end]);
    query.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace

bool names_a_secret(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "password", "passwd", "secret", "token", "credential", "jaas", ".pem", "oauthbearer.config"};
  const std::string text = lower(name);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

bool is_url(std::string_view text) {
  const std::string scheme = lower(text.substr(0, text.find("://")));
  return !scheme.empty() && scheme.size() < text.size() &&
         scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") == std::string::npos;
}

std::string mask_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return names_a_secret(url) ? std::string(kMask) : std::string(url);
  }
  const auto authority = scheme + 3;
  // A password may hold an unescaped '/', '?' or '@' against the rules; the last '@' before the
  // query is then the only safe end of it.
  const auto query = url.find('?', authority);
  const auto at = url.substr(0, query).rfind('@');
  std::string result(url.substr(0, authority));
  auto rest = authority;
  if (at != std::string_view::npos && at >= authority) {
    const auto user = url.substr(authority, at - authority);
    const auto colon = user.find(':');
    const bool is_key =
        colon == std::string_view::npos && lower(url.substr(0, scheme)).starts_with("http");
    result.append(is_key ? kMask : user.substr(0, colon));
    if (colon != std::string_view::npos) result.append(":").append(kMask);
    rest = at;
  } else if (query != std::string_view::npos && url.find('@', query) != std::string_view::npos) {
    // A '?' inside the password: nothing after the scheme can be told from it.
    return result.append(kMask);
  }
  result.append(url.substr(rest, query == std::string_view::npos ? query : query - rest));
  if (query != std::string_view::npos) {
    result.append("?").append(mask_query(url.substr(query + 1)));
  }
  return result;
}

}  // namespace outbox::config
