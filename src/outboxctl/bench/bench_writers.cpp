#include "outboxctl/bench/bench_writers.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "outboxctl/database.hpp"

namespace outbox::ctl {
namespace {

constexpr std::int64_t kRowsAtOnce = 10'000;

std::string insert_into(const std::string& table) {
  return "insert into " + table + " (id, aggregatetype, aggregateid, type, payload) ";
}

std::string key_of(std::size_t number) {
  return fmt::format("bench-{}", number % kBenchKeys);
}

// One of the writers. Stops the others when it fails.
class Writer {
 public:
  Writer(load::Schedule& schedule, load::Moments& committed, std::size_t payload_bytes)
      : schedule_(schedule), committed_(committed), payload_bytes_(payload_bytes) {}

  Result<void> connect(const std::string& url, const std::string& table) {
    auto connection = connect_postgres(url);
    if (!connection) return std::move(connection).error();
    connection_.emplace(*std::move(connection));
    return connection_->prepare(
        "write", insert_into(table) + "values (gen_random_uuid(), 'bench', $1, 'Bench', $2)");
  }

  Result<void> write(const std::stop_token& stop) {
    pg::Params params;
    while (!stop.stop_requested()) {
      const std::size_t number = schedule_.take();
      if (number == schedule_.messages()) break;
      params.clear();
      params.text(key_of(number)).text(load::numbered_payload(number, payload_bytes_));
      auto written = connection_->query_prepared("write", params);
      if (!written) return std::move(written).error();
      committed_.set(number, load::unix_us());
    }
    return {};
  }

 private:
  load::Schedule& schedule_;
  load::Moments& committed_;
  std::size_t payload_bytes_;
  std::optional<pg::Connection> connection_;
};

}  // namespace

Result<void> fill_outbox(pg::Connection& connection, const std::string& table,
                         std::int64_t messages, std::int64_t payload_bytes,
                         const std::stop_token& stop) {
  // As load::numbered_payload makes them: ten digits, and always the same around them.
  const std::string payload = load::numbered_payload(0, static_cast<std::size_t>(payload_bytes));
  const std::size_t digits = payload.find('0');
  const std::string insert = fmt::format(
      "{}select gen_random_uuid(), 'bench', 'bench-' || n % {}, 'Bench', "
      "($3::text || lpad(n::text, 10, '0') || $4::text)::json "
      "from generate_series($1::bigint, $2::bigint) n",
      insert_into(table), kBenchKeys);
  for (std::int64_t done = 0; done < messages && !stop.stop_requested(); done += kRowsAtOnce) {
    pg::Params params;
    params.int8(done).int8(std::min(done + kRowsAtOnce, messages) - 1);
    params.text(payload.substr(0, digits)).text(payload.substr(digits + 10));
    if (auto filled = connection.query(insert, params); !filled) return std::move(filled).error();
  }
  auto settled = connection.exec("vacuum (analyze) " + table);
  return settled ? Result<void>{} : std::move(settled).error();
}

Result<void> write_at_rate(const std::string& url, const std::string& table,
                           std::int64_t payload_bytes, load::Schedule& schedule,
                           load::Moments& committed, const std::stop_token& stop) {
  std::vector<Writer> writers;
  for (int i = 0; i < kBenchWriters; ++i) {
    auto& writer =
        writers.emplace_back(schedule, committed, static_cast<std::size_t>(payload_bytes));
    if (auto connected = writer.connect(url, table); !connected) return connected;
  }
  std::stop_source failing;
  const std::stop_callback passed_on(stop, [&failing] { failing.request_stop(); });
  std::mutex mutex;
  Result<void> outcome;
  schedule.begin();
  {
    std::vector<std::jthread> threads;
    threads.reserve(writers.size());
    for (Writer& writer : writers) {
      threads.emplace_back([&] {
        if (auto written = writer.write(failing.get_token()); !written) {
          failing.request_stop();
          const std::lock_guard lock(mutex);
          outcome = std::move(written);
        }
      });
    }
  }
  return outcome;
}

}  // namespace outbox::ctl
