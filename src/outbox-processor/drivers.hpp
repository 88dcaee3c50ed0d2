// The source and the sink that the settings ask for.
#pragma once

#include <memory>

#include "outbox-processor/retention_metrics.hpp"
#include "outbox/sink.hpp"
#include "outbox/source.hpp"
#include "relay_settings/settings.hpp"
#include "sources/postgres_table/retention.hpp"
#include "sources/status.hpp"

namespace outbox {

struct SourceDriver {
  std::unique_ptr<Source> source;
  std::unique_ptr<SourceStatusReader> status;
};

// By the address: sqlite:PATH, or PostgreSQL's.
[[nodiscard]] SourceDriver make_source(const Settings& settings);

// What removes old messages, from now on; null: the source does it itself. `metrics` must outlive
// it.
[[nodiscard]] std::unique_ptr<postgres_table::RetentionThread> start_retention(
    const Settings& settings, RetentionMetrics& metrics);

// Throws when a setting that the sink needs from the start is wrong.
[[nodiscard]] std::unique_ptr<Sink> make_sink(const Settings& settings);

}  // namespace outbox
