#include "support/access/origin.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <optional>

namespace outbox::access {
namespace {

// The bytes of an address of either family, IPv4 as mapped into IPv6.
std::optional<std::array<unsigned char, 16>> address_bytes(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  static constexpr std::size_t kPrefix = 12;
  bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + kPrefix) == 1) return bytes;
  return std::nullopt;
}

struct Authority {
  std::string_view host;  // of an IPv6 address without its brackets
  std::string_view port;  // may be empty
};

std::optional<Authority> split(std::string_view text) {
  std::size_t end = text.find(':');
  Authority authority{text.substr(0, end), {}};
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, close - 1);
    end = close + 1 == text.size() ? std::string_view::npos : close + 1;
  }
  if (end != std::string_view::npos) {
    if (text[end] != ':') return std::nullopt;
    authority.port = text.substr(end + 1);
  }
  const bool digits = std::all_of(authority.port.begin(), authority.port.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (authority.host.empty() || !digits) return std::nullopt;
  return authority;
}

bool is_allowed(const Authority& authority, std::span<const std::string> allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& text) {
    const auto entry = split(text);
    return entry && http::same_ignoring_case(entry->host, authority.host) &&
           (entry->port.empty() || entry->port == authority.port);
  });
}

bool is_this_server(std::string_view text, const std::string& local,
                    std::span<const std::string> allowed) {
  const auto authority = split(text);
  if (!authority) return false;
  if (http::same_ignoring_case(authority->host, "localhost") ||
      is_loopback_address(authority->host) || is_allowed(*authority, allowed)) {
    return true;
  }
  const auto address = address_bytes(authority->host);
  return address && address == address_bytes(local);
}

// The authority of a target in absolute form; empty for the usual form.
std::string_view authority_of(std::string_view target) {
  const std::size_t scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == std::string_view::npos) return {};
  target.remove_prefix(scheme_end + 3);
  return target.substr(0, target.find_first_of("/?#"));
}

bool is_own_origin(std::string_view origin, std::string_view host,
                   std::span<const std::string> allowed) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!origin.starts_with(scheme)) continue;
    origin.remove_prefix(scheme.size());
    if (http::same_ignoring_case(origin, host)) return true;
    const auto authority = split(origin);
    return authority && is_allowed(*authority, allowed);
  }
  return false;  // "null" too: a sandboxed page, a file
}

}  // namespace

bool is_loopback_address(std::string_view address) {
  const auto bytes = address_bytes(address);
  if (!bytes) return false;
  static constexpr std::array<unsigned char, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0,
                                                            0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr std::array<unsigned char, 13> kLoopback4{0, 0, 0, 0,    0,    0,  0,
                                                            0, 0, 0, 0xff, 0xff, 127};
  return *bytes == kLoopback6 || std::equal(kLoopback4.begin(), kLoopback4.end(), bytes->begin());
}

bool names_this_server(const http::Request& request, std::span<const std::string> allowed) {
  const auto host = request.headers.find("Host");
  if (host && !is_this_server(*host, request.local, allowed)) return false;
  const std::string_view authority = authority_of(request.target);
  return authority.empty() || is_this_server(authority, request.local, allowed);
}

bool comes_from_elsewhere(const http::Request& request, std::span<const std::string> allowed) {
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return true;
  const auto origin = request.headers.find("Origin");
  return origin && !is_own_origin(*origin, request.headers.find("Host").value_or(""), allowed);
}

}  // namespace outbox::access
