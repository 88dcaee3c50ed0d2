// What the conformance suite needs of a sink's destination. A new driver implements it and adds
// itself to all_sink_drivers(); every case then runs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "outbox/sink.hpp"

namespace outbox::test {

struct Received {
  std::string key;
  std::string payload;
  std::string id;  // as the consumer reads it
  // Of the row, and the sink's own.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  // Where it lies, for sinks with offsets.
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

struct SinkSettings {
  std::size_t buffer = 10'000;  // messages accepted and not delivered, at most
  // Each message travels by itself, so that an earlier one can fail while a later one is under way.
  bool one_by_one = false;
};

// An empty destination. Throws when it fails, which fails the test.
class SinkDriver {
 public:
  virtual ~SinkDriver() = default;

  // A new sink to this destination; not connected. Messages of any aggregate type go there.
  [[nodiscard]] virtual std::unique_ptr<Sink> make_sink(const SinkSettings& settings) = 0;
  // A new sink to a destination that never answers; null: there can be none.
  [[nodiscard]] virtual std::unique_ptr<Sink> make_lost_sink() = 0;

  // Everything that arrived, each key's messages in the order of their arrival; nothing: the
  // destination keeps none.
  [[nodiscard]] virtual std::optional<std::vector<Received>> received() = 0;

  // A payload of this size is refused by the sink itself, as are headers that are no JSON object;
  // nothing: it takes all.
  [[nodiscard]] virtual std::optional<std::size_t> oversize() const = 0;
  // A payload of this size is accepted by the sink and refused by the destination; nothing: it
  // refuses no single message.
  [[nodiscard]] virtual std::optional<std::size_t> refused_size() const = 0;
  // A topic that takes no message at all; nothing: the destination has no topics.
  [[nodiscard]] virtual std::optional<std::string> refusing_topic() = 0;
  // A header can lack a value; otherwise one that does is left out.
  [[nodiscard]] virtual bool has_null_headers() const = 0;
};

// A destination that the test may kill.
class RestartableSinkDriver : public SinkDriver {
 public:
  virtual void kill() = 0;   // as a crash would
  virtual void start() = 0;  // on the same address with the same data
};

struct SinkDriverFactory {
  std::string name;  // letters and digits, part of the tests' names
  std::unique_ptr<SinkDriver> (*make)() = nullptr;
  // Slower: a destination of its own. Null: it cannot be killed.
  std::unique_ptr<RestartableSinkDriver> (*make_restartable)() = nullptr;

  friend void PrintTo(const SinkDriverFactory& factory, std::ostream* out) { *out << factory.name; }
};

[[nodiscard]] std::vector<SinkDriverFactory> all_sink_drivers();

}  // namespace outbox::test
