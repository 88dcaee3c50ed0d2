// Looks at the relay all the time, for people: rates, the last hour, and news for open pages.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "admin/outbox_pool.hpp"
#include "outbox-processor/consumer_client.hpp"
#include "outbox-processor/consumer_groups.hpp"
#include "outbox-processor/growth.hpp"
#include "outbox-processor/history.hpp"
#include "outbox-processor/overview.hpp"
#include "outbox-processor/relay_metrics.hpp"
#include "outbox-processor/renewals.hpp"
#include "outbox-processor/retention_metrics.hpp"
#include "outbox/sink.hpp"
#include "sources/status.hpp"

namespace outbox {

// What a Monitor looks at; borrowed.
struct MonitorSources {
  SourceStatusReader& status;
  const RelayMetrics& relay;
  const Sink& sink;
  admin::OutboxPool* outbox = nullptr;          // null: the outbox is in SQLite
  const RetentionMetrics* retention = nullptr;  // null: the source removes old messages itself
  const ConsumerClient* consumer = nullptr;     // null: there is none to be asked
  const ConsumerGroups* groups = nullptr;       // null: nobody's lag is looked at
};

// Thread-safe. One thread of its own, from start to stop.
class Monitor {
 public:
  // Given the overview as JSON, each second; false: it wants no more. Called on the monitor's
  // thread; must return at once.
  using Listener = std::function<bool(const std::string& overview)>;

  // A look at the outbox that is younger than `cache_for` is given again.
  explicit Monitor(MonitorSources sources,
                   std::chrono::milliseconds cache_for = std::chrono::milliseconds{900});
  ~Monitor();  // stops
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // Once. Without it, overview and topics are answered, and the history stays empty.
  void start();
  // Lets the listeners go and joins the thread. Idempotent.
  void stop();

  // The JSON of GET /api/v1/overview.
  [[nodiscard]] std::string overview();
  [[nodiscard]] const History& history() const { return history_; }
  // Looked at each second while the relay is connected.
  [[nodiscard]] const Renewals& renewals() const { return renewals_; }

  // Per topic since the start, and lately.
  struct Topic {
    TopicTotals totals;
    double published_per_second = 0;
  };
  [[nodiscard]] std::vector<Topic> topics() const;

  // From now on; the server bounds how many there are.
  void listen(Listener listener);

 private:
  using Clock = std::chrono::steady_clock;
  struct Look {
    Clock::time_point at;
    OverviewFacts facts;
  };

  void run(const std::stop_token& stop);
  void tick(std::int64_t number);
  void tell_listeners();
  [[nodiscard]] OverviewFacts look();
  [[nodiscard]] OverviewFacts look_anew();
  [[nodiscard]] std::optional<admin::OutboxState> outbox_state();
  void note_topics();
  void note_history();
  void note_renewals();
  void ask_consumer();

  const MonitorSources sources_;
  const std::chrono::milliseconds cache_for_;
  History history_;
  Growth inserted_;
  Renewals renewals_;

  std::mutex looking_;  // so that many who ask cost one look
  std::optional<Look> last_;

  mutable std::mutex mutex_;
  std::map<std::string, Growth, std::less<>> published_;  // no more than topics have counters
  std::optional<bool> consumer_reachable_;
  std::vector<Listener> listeners_;

  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace outbox
