// The proxies between the relays and the servers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/chaos/faults/kafka_proxy.hpp"
#include "tests/chaos/faults/tcp_proxy.hpp"

namespace outbox::chaos {

// Each relay has a way of its own to PostgreSQL, and all of them have one to each broker. The
// brokers must advertise the addresses of the proxies, which therefore are known before the brokers
// start and the proxies begin.
class Network {
 public:
  // The proxies listen on `address`.
  Network(std::string address, int relays, int brokers);

  // HOST:PORT,... of the proxies before the brokers, in the brokers' order.
  [[nodiscard]] std::string advertised() const;
  // `postgres_url` with a host and a port in numbers; `brokers`: HOST:PORT,... where the proxies
  // forward to. Call it once.
  void begin(const std::string& postgres_url, const std::string& brokers);

  // `url` by way of the relay's proxy. Relays count from 0.
  [[nodiscard]] std::string postgres_url(int relay, const std::string& url) const;
  [[nodiscard]] TcpProxy& postgres(int relay) {
    return *postgres_.at(static_cast<std::size_t>(relay));
  }
  [[nodiscard]] KafkaProxy& broker(int broker) {
    return *brokers_.at(static_cast<std::size_t>(broker));
  }
  [[nodiscard]] int relays() const { return relays_; }
  [[nodiscard]] int brokers() const { return static_cast<int>(broker_ports_.size()); }

 private:
  std::string address_;
  int relays_;
  std::vector<std::uint16_t> broker_ports_;
  std::vector<std::unique_ptr<TcpProxy>> postgres_;
  std::vector<std::unique_ptr<KafkaProxy>> brokers_;
};

}  // namespace outbox::chaos
