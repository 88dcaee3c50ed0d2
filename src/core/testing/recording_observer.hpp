#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/relay_observer.hpp"

namespace outbox {

// Keeps what it was told, one line for each event. Thread-safe.
class RecordingObserver final : public RelayObserver {
 public:
  void acknowledged(const Record& record, const Delivery& /*delivery*/) override {
    note("acknowledged " + std::to_string(record.seq));
  }
  void rejected(const Record& record, std::string_view /*topic*/, const Error& /*error*/) override {
    note("rejected " + std::to_string(record.seq));
  }
  void topic_failed(const Record& record, std::string_view /*topic*/,
                    const Error& /*error*/) override {
    note("topic failed for " + std::to_string(record.seq));
  }
  void destination_failed(const Error& /*error*/) override { note("destination failed"); }
  void settled(const Settlement& /*settlement*/) override { note("settled"); }
  void source_connected(const Exceptions& /*exceptions*/) override { note("source connected"); }
  void source_lost(const Error& error) override { note("source lost: " + error.message); }

  [[nodiscard]] std::vector<std::string> events() const {
    const std::lock_guard lock{mutex_};
    return events_;
  }

 private:
  void note(std::string event) {
    const std::lock_guard lock{mutex_};
    events_.push_back(std::move(event));
  }

  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

}  // namespace outbox
