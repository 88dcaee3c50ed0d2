// The routes by which a service tells how it is: /livez, /readyz, /metrics.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "support/http/router.hpp"

namespace outbox::http {

// Asks one dependency whether it answers. Called on a thread of its own, never twice at once. It
// should end within `timeout`; when it does not, the answer is "not ready" until it does. An
// error's message is shown to those who may see details, so it holds no secret.
struct ReadinessCheck {
  std::string name;  // "postgres"
  std::function<Result<void>(std::chrono::milliseconds timeout)> run;
};

struct HealthOptions {
  std::chrono::milliseconds check_timeout{1'000};  // how long /readyz waits for the checks
  std::chrono::milliseconds cache_for{1'000};      // a result this young is not asked for again
  // Who is told why a check fails, and not only that it does; null: everybody.
  std::function<bool(const Request&)> may_see_details = {};
};

// GET /livez: 200 as long as the process serves requests; asks nobody.
// GET /readyz: 200 when every check passes, else 503; with ?verbose it lists the checks.
// GET /metrics: what `render_metrics` gives, as Prometheus text. It runs on handler threads.
void add_health_routes(Router& router, std::vector<ReadinessCheck> checks,
                       std::function<std::string()> render_metrics, HealthOptions options = {});

}  // namespace outbox::http
