#include "sinks/http/address_guard.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <span>

namespace outbox::http_sink {
namespace {

using Reason = std::optional<std::string_view>;

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

struct Network4 {
  std::uint32_t address = 0;
  unsigned bits = 0;
  std::string_view reason;
};

// IANA's registry of special-purpose addresses, without those that are reached globally.
constexpr std::array<Network4, 14> kNetworks4 = {{
    {v4(0, 0, 0, 0), 8, "unspecified"},
    {v4(10, 0, 0, 0), 8, "private"},
    {v4(100, 64, 0, 0), 10, "carrier-grade NAT"},
    {v4(127, 0, 0, 0), 8, "loopback"},
    {v4(169, 254, 0, 0), 16, "link-local"},
    {v4(172, 16, 0, 0), 12, "private"},
    {v4(192, 0, 0, 0), 24, "reserved"},
    {v4(192, 0, 2, 0), 24, "documentation"},
    {v4(192, 168, 0, 0), 16, "private"},
    {v4(198, 18, 0, 0), 15, "benchmarking"},
    {v4(198, 51, 100, 0), 24, "documentation"},
    {v4(203, 0, 113, 0), 24, "documentation"},
    {v4(224, 0, 0, 0), 4, "multicast"},
    {v4(240, 0, 0, 0), 4, "reserved"},
}};

Reason judge4(std::uint32_t address) {
  for (const auto& network : kNetworks4) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return network.reason;
  }
  return std::nullopt;
}

using Bytes16 = std::array<std::uint8_t, 16>;

struct Network6 {
  Bytes16 address{};
  unsigned bits = 0;
  std::string_view reason;
};

// The first that holds the address counts. What none holds is public inside of 2000::/3 only.
constexpr std::array<Network6, 8> kNetworks6 = {{
    {{}, 128, "unspecified"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, "loopback"},
    {{0xfc}, 7, "unique local"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xff}, 8, "multicast"},
    {{0x20, 0x01, 0x00}, 23, "reserved"},  // with Teredo and ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x3f, 0xff}, 20, "documentation"},
}};

struct Embedding {
  Bytes16 address{};
  unsigned bits = 0;
  std::size_t at = 0;  // of the IPv4 address
};

constexpr std::array<Embedding, 3> kEmbeddings = {{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12},  // mapped
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},                    // NAT64
    {{0x20, 0x02}, 16, 2},                                 // 6to4
}};

bool inside(const Bytes16& address, const Bytes16& network, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (std::memcmp(address.data(), network.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (static_cast<unsigned>(address[whole]) ^ network[whole]) >> (8 - rest) == 0;
}

Reason judge6(const Bytes16& address) {
  for (const auto& [network, bits, at] : kEmbeddings) {
    if (!inside(address, network, bits)) continue;
    const auto v4_bytes = std::span(address).subspan(at, 4);
    return judge4(v4(v4_bytes[0], v4_bytes[1], v4_bytes[2], v4_bytes[3]));
  }
  for (const auto& network : kNetworks6) {
    if (inside(address, network.address, network.bits)) return network.reason;
  }
  if (!inside(address, {0x20}, 3)) return "reserved";
  return std::nullopt;
}

}  // namespace

Reason non_public_network(const sockaddr& address) {
  // Copied: what the caller holds need not be aligned for the larger types.
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof(in));
    return judge4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof(in));
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return judge6(bytes);
  }
  return "no internet address";
}

std::string numeric(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof(in));
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof(in));
    ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

}  // namespace outbox::http_sink
