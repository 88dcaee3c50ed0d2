#include "bench/rows.hpp"

#include <array>

#include "bench/tool.hpp"
#include "support/pg/wire.hpp"

namespace outbox::bench {
namespace {

constexpr const char* kPage =
    "select seq, id, created_at, type, aggregateid, payload from outbox"
    " where seq > $1::bigint order by seq limit 5000";

std::string_view field(const PGresult* page, int row, int column) {
  return {PQgetvalue(page, row, column), static_cast<std::size_t>(PQgetlength(page, row, column))};
}

}  // namespace

PgConnection connect(const std::string& url) {
  PgConnection connection{PQconnectdb(url.c_str())};
  if (PQstatus(connection.get()) != CONNECTION_OK) fail(PQerrorMessage(connection.get()));
  return connection;
}

PgResult checked(PGconn* connection, PGresult* result) {
  PgResult owner{result};
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(PQerrorMessage(connection));
  return owner;
}

PageReader::PageReader(PGconn* connection, std::int64_t after)
    : connection_(connection), after_(after) {
  checked(connection_, PQexec(connection_,
                              "set jit = off; set plan_cache_mode = force_generic_plan;"
                              "set enable_seqscan = off; set enable_bitmapscan = off;"
                              "set enable_sort = off"));
  checked(connection_, PQprepare(connection_, "page", kPage, 1, nullptr));
}

void PageReader::ask() {
  const std::string after = std::to_string(after_);
  const std::array<const char*, 1> values = {after.c_str()};
  if (PQsendQueryPrepared(connection_, "page", 1, values.data(), nullptr, nullptr, 1) == 0) {
    fail(PQerrorMessage(connection_));
  }
  asked_ = true;
}

PgResult PageReader::next() {
  if (!asked_) ask();
  PgResult page = checked(connection_, PQgetResult(connection_));
  if (PQgetResult(connection_) != nullptr) fail("a page came in two parts");
  asked_ = false;
  const int rows = PQntuples(page.get());
  if (rows > 0) {
    after_ = row_of(page.get(), rows - 1).seq;
    ask();
  }
  return page;
}

Row row_of(const PGresult* page, int row) {
  return {.seq = pg::wire::load<std::int64_t>(PQgetvalue(page, row, 0)),
          .created_at_us =
              pg::wire::load<std::int64_t>(PQgetvalue(page, row, 2)) + pg::wire::kPostgresEpochUs,
          .id = PQgetvalue(page, row, 1),
          .type = field(page, row, 3),
          .key = field(page, row, 4),
          .payload = field(page, row, 5)};
}

}  // namespace outbox::bench
