// The outbox and the topic that a benchmark makes for itself.
#pragma once

#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "relay_settings/settings.hpp"
#include "support/pg/connection.hpp"

namespace outbox::ctl {

// A schema with an outbox of the same name, outbox_bench_<8 hex digits>, and for the Kafka sink a
// topic of that name. As long as it lives a lock tells other benchmarks that it is in use. Whoever
// made it removes it; what a killed process left is found by remove_leftovers. One thread at a
// time.
class BenchPlace {
 public:
  static constexpr int kPartitions = 12;  // of the topic

  // Takes the connection, whose lock it is. On failure nothing is left behind, or the error says
  // what is.
  [[nodiscard]] static Result<BenchPlace> make(pg::Connection connection, const Settings& settings);

  // Schema, topic and roles; connects anew when the connection was lost. The error says how to
  // remove what is left.
  [[nodiscard]] Result<void> remove();

  [[nodiscard]] const std::string& name() const { return name_; }
  // "name.name", as the settings have it.
  [[nodiscard]] std::string table() const { return name_ + "." + name_; }
  // The relay's settings, changed to this outbox and this topic.
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] pg::Connection& connection() { return connection_; }

 private:
  BenchPlace(pg::Connection connection, const Settings& settings);
  [[nodiscard]] bool has_topic() const { return settings_.sink_type == "kafka"; }
  [[nodiscard]] Result<void> make_schema();
  [[nodiscard]] Result<void> make_topic();

  std::string name_;
  Settings settings_;
  pg::Connection connection_;
  bool may_have_topic_ = false;
};

// The places in this database that no benchmark uses any more, by name.
[[nodiscard]] Result<std::vector<std::string>> leftovers(pg::Connection& connection);
// Removes them with their topics; their names. Stops at the first that cannot be removed: one with
// a topic needs the Kafka sink in the settings.
[[nodiscard]] Result<std::vector<std::string>> remove_leftovers(pg::Connection& connection,
                                                                const Settings& settings);

}  // namespace outbox::ctl
