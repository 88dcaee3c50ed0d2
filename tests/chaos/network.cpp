#include "tests/chaos/network.hpp"

#include <sstream>
#include <stdexcept>

#include "tests/e2e/process.hpp"

namespace outbox::chaos {
namespace {

// Where HOST:PORT of a URL begins and how long it is.
struct Authority {
  std::size_t begin = 0;
  std::size_t size = 0;
};

Authority authority_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) throw std::runtime_error("PostgreSQL's address is no URL");
  const std::size_t path = std::min(url.find('/', scheme + 3), url.size());
  const std::size_t at = url.rfind('@', path);
  const std::size_t begin = at == std::string::npos ? scheme + 3 : at + 1;
  return {begin, path - begin};
}

Endpoint endpoint_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("a server's address has no port");
  return {address.substr(0, colon),
          static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

std::string shown(const Endpoint& endpoint) {
  return endpoint.address + ":" + std::to_string(endpoint.port);
}

}  // namespace

Network::Network(std::string address, int relays, int brokers)
    : address_(std::move(address)), relays_(relays) {
  for (int broker = 0; broker < brokers; ++broker) {
    broker_ports_.push_back(static_cast<std::uint16_t>(e2e::free_port()));
  }
}

std::string Network::advertised() const {
  std::string addresses;
  for (const std::uint16_t port : broker_ports_) {
    addresses += (addresses.empty() ? "" : ",") + shown(Endpoint{address_, port});
  }
  return addresses;
}

void Network::begin(const std::string& postgres_url, const std::string& brokers) {
  const Authority authority = authority_of(postgres_url);
  const Endpoint postgres = endpoint_of(postgres_url.substr(authority.begin, authority.size));
  for (int relay = 0; relay < relays_; ++relay) {
    postgres_.push_back(std::make_unique<TcpProxy>(Endpoint{address_, 0}, postgres));
  }
  std::istringstream addresses{brokers};
  for (const std::uint16_t port : broker_ports_) {
    std::string address;
    std::getline(addresses, address, ',');
    brokers_.push_back(
        std::make_unique<KafkaProxy>(Endpoint{address_, port}, endpoint_of(address)));
  }
}

std::string Network::postgres_url(int relay, const std::string& url) const {
  const Authority authority = authority_of(url);
  std::string changed = url;
  changed.replace(authority.begin, authority.size,
                  shown(postgres_.at(static_cast<std::size_t>(relay))->listening()));
  return changed;
}

}  // namespace outbox::chaos
