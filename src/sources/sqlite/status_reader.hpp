#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "sources/status.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::sqlite {

// Looks on a connection of its own.
class StatusReader final : public SourceStatusReader {
 public:
  explicit StatusReader(std::string path) : path_(std::move(path)) {}

  Result<SourceStatus> read() override;

 private:
  [[nodiscard]] Result<SourceStatus> query();

  std::string path_;
  std::mutex mutex_;
  std::optional<Database> database_;
};

}  // namespace outbox::sqlite
