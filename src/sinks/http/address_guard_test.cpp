#include "sinks/http/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>

namespace outbox::http_sink {
namespace {

sockaddr_storage parse(const std::string& text) {
  sockaddr_storage storage{};
  if (text.find(':') == std::string::npos) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, text.c_str(), &in.sin_addr), 1) << text;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(storage);
    in.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &in.sin6_addr), 1) << text;
  }
  return storage;
}

std::string reason(const std::string& text) {
  const auto storage = parse(text);
  const auto& address = reinterpret_cast<const sockaddr&>(storage);
  EXPECT_EQ(numeric(address), text);
  return std::string(non_public_network(address).value_or("public"));
}

TEST(AddressGuard, KnowsTheSpecialNetworksOfIPv4) {
  for (const auto& [address, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"0.0.0.0", "unspecified"},
           {"0.255.255.255", "unspecified"},
           {"1.0.0.0", "public"},
           {"9.255.255.255", "public"},
           {"10.0.0.0", "private"},
           {"10.255.255.255", "private"},
           {"11.0.0.0", "public"},
           {"100.63.255.255", "public"},
           {"100.64.0.0", "carrier-grade NAT"},
           {"100.127.255.255", "carrier-grade NAT"},
           {"100.128.0.0", "public"},
           {"127.0.0.1", "loopback"},
           {"127.255.255.254", "loopback"},
           {"128.0.0.0", "public"},
           {"169.253.255.255", "public"},
           {"169.254.169.254", "link-local"},
           {"169.255.0.0", "public"},
           {"172.15.255.255", "public"},
           {"172.16.0.0", "private"},
           {"172.31.255.255", "private"},
           {"172.32.0.0", "public"},
           {"192.0.0.8", "reserved"},
           {"192.0.1.0", "public"},
           {"192.0.2.1", "documentation"},
           {"192.167.255.255", "public"},
           {"192.168.0.1", "private"},
           {"192.169.0.0", "public"},
           {"198.17.255.255", "public"},
           {"198.18.0.1", "benchmarking"},
           {"198.19.255.255", "benchmarking"},
           {"198.20.0.0", "public"},
           {"198.51.100.7", "documentation"},
           {"203.0.113.7", "documentation"},
           {"223.255.255.255", "public"},
           {"224.0.0.1", "multicast"},
           {"239.255.255.255", "multicast"},
           {"240.0.0.1", "reserved"},
           {"255.255.255.255", "reserved"}}) {
    EXPECT_EQ(reason(address), expected) << address;
  }
}

TEST(AddressGuard, KnowsTheSpecialNetworksOfIPv6) {
  for (const auto& [address, expected] :
       std::initializer_list<std::pair<const char*, const char*>>{{"::", "unspecified"},
                                                                  {"::1", "loopback"},
                                                                  {"::2", "reserved"},
                                                                  {"100::1", "reserved"},
                                                                  {"64:ff9b:1::1", "reserved"},
                                                                  {"fc00::1", "unique local"},
                                                                  {"fdff:ffff::1", "unique local"},
                                                                  {"fe80::1", "link-local"},
                                                                  {"febf::1", "link-local"},
                                                                  {"fec0::1", "reserved"},
                                                                  {"ff02::1", "multicast"},
                                                                  {"2001::1", "reserved"},
                                                                  {"2001:1ff::1", "reserved"},
                                                                  {"2001:200::1", "public"},
                                                                  {"2001:db8::1", "documentation"},
                                                                  {"2001:db9::1", "public"},
                                                                  {"2606:4700::1111", "public"},
                                                                  {"3fff::1", "documentation"},
                                                                  {"4000::1", "reserved"}}) {
    EXPECT_EQ(reason(address), expected) << address;
  }
}

TEST(AddressGuard, JudgesAnIPv4AddressInsideAnIPv6One) {
  EXPECT_EQ(reason("::ffff:127.0.0.1"), "loopback");
  EXPECT_EQ(reason("::ffff:10.1.2.3"), "private");
  EXPECT_EQ(reason("::ffff:93.184.216.34"), "public");
  EXPECT_EQ(reason("64:ff9b::a01:203"), "private");
  EXPECT_EQ(reason("64:ff9b::5db8:d822"), "public");
  EXPECT_EQ(reason("2002:7f00:1::1"), "loopback");
  EXPECT_EQ(reason("2002:5db8:d822::1"), "public");
  EXPECT_EQ(reason("::127.0.0.1"), "reserved");  // the old form, not to be used
}

TEST(AddressGuard, KnowsNoOtherFamilies) {
  sockaddr address{};
  address.sa_family = AF_UNIX;
  EXPECT_EQ(non_public_network(address), "no internet address");
}

}  // namespace
}  // namespace outbox::http_sink
