// The source and the sink that the settings ask for.
#pragma once

#include <memory>
#include <string>

#include "outbox-processor/consumer_groups.hpp"
#include "outbox-processor/relay_metrics.hpp"
#include "outbox-processor/retention_metrics.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"
#include "outbox/transaction.hpp"
#include "relay_settings/settings.hpp"
#include "sources/postgres_table/retention.hpp"
#include "sources/status.hpp"

namespace outbox {

struct SourceDriver {
  std::unique_ptr<Source> source;
  std::unique_ptr<SourceStatusReader> status;
  TransactionalSource* transactional = nullptr;  // the source's other side; null: it has none
  std::string relay{};  // by which name the relay is among the shards' owners
};

struct SinkDriver {
  std::unique_ptr<Sink> sink;
  // With exactly_once, the sink's other side, and what tells the source what became of
  // transactions.
  TransactionalSink* transactional = nullptr;
  std::unique_ptr<TransactionJudge> judge{};
};

// By the address: sqlite:PATH, or PostgreSQL's. `judge` may be null, and must outlive the source.
[[nodiscard]] SourceDriver make_source(const Settings& settings, TransactionJudge* judge);

// What removes old messages, from now on; null: the source does it itself. `metrics` must outlive
// it.
[[nodiscard]] std::unique_ptr<postgres_table::RetentionThread> start_retention(
    const Settings& settings, RetentionMetrics& metrics);

// Throws when a setting that the sink needs from the start is wrong.
[[nodiscard]] SinkDriver make_sink(const Settings& settings);

// Watches the lag of sink.consumer_groups once it is started; null: there are none, or the sink is
// not Kafka. `relay` and `metrics` must outlive it. Throws as make_sink.
[[nodiscard]] std::unique_ptr<ConsumerGroups> make_consumer_groups(const Settings& settings,
                                                                   const RelayMetrics& relay,
                                                                   telemetry::Metrics& metrics);

}  // namespace outbox
