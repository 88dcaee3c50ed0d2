// The real source as a Reader.
#pragma once

#include <cstddef>
#include <memory>

#include "outbox/source.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/reader/reader.hpp"

namespace outbox::test {

// The value of a result that must be one; throws otherwise, which fails the test.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error("unexpected error: " + result.error().message);
  }
  return std::move(result).value();
}
inline void must(const Result<void>& result) {
  if (!result) {
    throw std::runtime_error("unexpected error: " + result.error().message);
  }
}

[[nodiscard]] PostgresTableOptions source_options(const std::string& url);

// Claims in pages of `limit` until nothing is new, and settles every batch.
class SourceReader final : public Reader {
 public:
  // The outbox table.
  SourceReader(const std::string& url, std::size_t limit);
  SourceReader(std::unique_ptr<Source> source, std::size_t limit);
  std::vector<Delivered> read() override;

  // What was read and not settled would come again; here all of it was.
  void reconnect();

  [[nodiscard]] Source& source() { return *source_; }

 private:
  std::unique_ptr<Source> source_;
  std::size_t limit_;
};

// Pages of 3, so that small scenarios need several.
[[nodiscard]] std::unique_ptr<Reader> make_source_reader(const OutboxDatabase& database);
// The same of the write-ahead log.
[[nodiscard]] std::unique_ptr<Reader> make_log_reader(const OutboxDatabase& database);

}  // namespace outbox::test
