// A proxy for one Kafka broker that knows which request an answer belongs to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "tests/chaos/faults/tcp_proxy.hpp"

namespace outbox::chaos {

struct KafkaCounters {
  std::uint64_t produce_requests = 0;
  std::uint64_t produce_replies_dropped = 0;
  std::uint64_t end_txn_requests = 0;
  std::uint64_t end_txn_delayed = 0;
};

// What becomes of a connection whose answer was dropped.
enum class AfterDrop {
  reset,    // the client hears at once that the connection is gone, and cannot know of the batch
  silence,  // no answer comes any more on this connection, until the client gives it up
};

// Clear text only (no TLS). Clients are led through it by the broker's advertised address
// (./dev stack up --advertise), which the proxy does not rewrite. What is not Kafka's protocol (a
// frame over 256 MiB or shorter than its header) is reset. Thread-safe, as TcpProxy is.
class KafkaProxy {
 public:
  KafkaProxy(const Endpoint& listen, const Endpoint& broker);
  ~KafkaProxy();
  KafkaProxy(const KafkaProxy&) = delete;
  KafkaProxy& operator=(const KafkaProxy&) = delete;

  // The faults of the network, and where it listens.
  [[nodiscard]] TcpProxy& network();
  [[nodiscard]] const TcpProxy& network() const;

  // Swallows the next `count` answers to Produce: the broker has done what it was asked, the client
  // does not hear of it. Replaces what is left of an earlier call; 0 ends it. The answers that a
  // silenced connection swallows later are counted as well, and not against `count`.
  void drop_produce_replies(std::uint64_t count, AfterDrop after);
  // Each EndTxn request reaches the broker (to_server), or its answer the client (to_client), so
  // much later, and whatever comes behind it on its connection with it. 0 ends it. From 0 to 10
  // min.
  void delay_end_txn(Direction direction, std::chrono::milliseconds delay);
  // Ends these faults and those of the network. What is on its way already keeps its delay.
  void heal();

  [[nodiscard]] KafkaCounters counters() const;

 private:
  class Faults;  // shared with the filters of the connections
  std::shared_ptr<Faults> faults_;
  TcpProxy network_;
};

}  // namespace outbox::chaos
