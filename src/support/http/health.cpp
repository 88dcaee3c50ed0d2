#include "support/http/health.hpp"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

namespace outbox::http {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Runs one check on its own thread when it is asked for, so that a check that hangs holds one
// thread and not one per request.
class CheckRunner {
 public:
  CheckRunner(ReadinessCheck check, HealthOptions options)
      : check_(std::move(check)), options_(std::move(options)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  }

  [[nodiscard]] const std::string& name() const { return check_.name; }

  // Asks for a result, and returns the number of the run that will have it.
  [[nodiscard]] std::uint64_t request() {
    const std::lock_guard lock(mutex_);
    if (fresh()) return runs_;
    requested_ = true;
    changed_.notify_all();
    return runs_ + 1;
  }

  // The result of that run or a later one, waiting until the deadline. Nothing: it passed.
  [[nodiscard]] std::optional<std::string> problem_by(std::uint64_t run,
                                                      Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return runs_ >= run; })) {
      return "no answer within " + std::to_string(options_.check_timeout.count()) + " ms";
    }
    return problem_;
  }

 private:
  [[nodiscard]] bool fresh() const {
    return finished_at_ && Clock::now() - *finished_at_ < options_.cache_for;
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return requested_; })) {
      lock.unlock();
      std::optional<std::string> outcome = run_check();
      lock.lock();
      problem_ = std::move(outcome);
      finished_at_ = Clock::now();
      requested_ = false;
      ++runs_;
      changed_.notify_all();
    }
  }

  [[nodiscard]] std::optional<std::string> run_check() const {
    try {
      const Result<void> result = check_.run(options_.check_timeout);
      if (result.ok()) return std::nullopt;
      return result.error().message;
    } catch (const std::exception&) {
      return "the check failed with an exception";
    }
  }

  ReadinessCheck check_;
  HealthOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool requested_ = false;
  std::uint64_t runs_ = 0;
  std::optional<Clock::time_point> finished_at_;
  std::optional<std::string> problem_;
  std::jthread thread_;  // last: it ends before what it uses
};

class Readiness {
 public:
  Readiness(std::vector<ReadinessCheck> checks, HealthOptions options)
      : options_(std::move(options)) {
    for (ReadinessCheck& check : checks) {
      runners_.push_back(std::make_unique<CheckRunner>(std::move(check), options_));
    }
  }

  [[nodiscard]] Response report(const Request& request) {
    const bool verbose = request.query_parameter("verbose").has_value();
    const bool detailed = !options_.may_see_details || options_.may_see_details(request);
    const auto deadline = Clock::now() + options_.check_timeout;
    std::vector<std::uint64_t> runs;
    for (const auto& runner : runners_)
      runs.push_back(runner->request());
    bool ready = true;
    auto checks = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      const auto trouble = runners_[i]->problem_by(runs[i], deadline);
      ready = ready && !trouble;
      nlohmann::ordered_json check{{"name", runners_[i]->name()}, {"ok", !trouble}};
      if (trouble && detailed) check["detail"] = *trouble;
      checks.push_back(std::move(check));
    }
    nlohmann::ordered_json body{{"status", ready ? "ready" : "not ready"}};
    if (verbose) body["checks"] = std::move(checks);
    using Handler = nlohmann::ordered_json::error_handler_t;
    Response response =
        json_response(ready ? 200 : 503, body.dump(-1, ' ', false, Handler::replace));
    response.headers.add("Cache-Control", "no-store");
    return response;
  }

 private:
  HealthOptions options_;
  std::vector<std::unique_ptr<CheckRunner>> runners_;
};

}  // namespace

void add_health_routes(Router& router, std::vector<ReadinessCheck> checks,
                       std::function<std::string()> render_metrics, HealthOptions options) {
  router.add(
      "GET", "/livez", [](const Request&) { return json_response(200, R"({"status":"alive"})"); },
      RunOn::inline_fast);
  auto readiness = std::make_shared<Readiness>(std::move(checks), std::move(options));
  router.add("GET", "/readyz",
             [readiness](const Request& request) { return readiness->report(request); });
  router.add("GET", "/metrics", [render = std::move(render_metrics)](const Request&) {
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", {}, render()};
  });
}

}  // namespace outbox::http
