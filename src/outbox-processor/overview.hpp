#pragma once

#include <string>

#include "outbox-processor/relay_metrics.hpp"
#include "outbox/sink.hpp"
#include "sources/status.hpp"

namespace outbox {

// The JSON of GET /api/v1/overview. What the database could not tell is null, with the reason in
// `source.problem`.
[[nodiscard]] std::string overview_json(const Result<SourceStatus>& status,
                                        const RelayMetrics& metrics, const SinkHealth& sink);

}  // namespace outbox
