#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace outbox::bench {

struct PgConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConnection = std::unique_ptr<PGconn, PgConnectionCloser>;

struct PgResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, PgResultCloser>;

[[nodiscard]] PgConnection connect(const std::string& url);

// Throws unless the result is that of a query or command that succeeded.
PgResult checked(PGconn* connection, PGresult* result);

// Outbox rows above `after` in the order of seq, a page at a time, in PostgreSQL's binary format.
// The next page is asked for before the current one is given out.
class PageReader {
 public:
  static constexpr int kRows = 5'000;

  PageReader(PGconn* connection, std::int64_t after);

  // Without rows at the end.
  [[nodiscard]] PgResult next();

 private:
  void ask();

  PGconn* connection_;
  std::int64_t after_;
  bool asked_ = false;
};

// One row of a page. It refers to the page's memory.
struct Row {
  std::int64_t seq;
  std::int64_t created_at_us;  // since 1970
  const char* id;              // 16 bytes
  std::string_view type;
  std::string_view key;
  std::string_view payload;
};

[[nodiscard]] Row row_of(const PGresult* page, int row);

}  // namespace outbox::bench
