// The source and the sink that the settings ask for.
#pragma once

#include <memory>

#include "outbox/sink.hpp"
#include "outbox/source.hpp"
#include "relay_settings/settings.hpp"
#include "sources/status.hpp"

namespace outbox {

struct SourceDriver {
  std::unique_ptr<Source> source;
  std::unique_ptr<SourceStatusReader> status;
};

// By the address: sqlite:PATH, or PostgreSQL's.
[[nodiscard]] SourceDriver make_source(const Settings& settings);

[[nodiscard]] std::unique_ptr<Sink> make_sink(const Settings& settings);

}  // namespace outbox
