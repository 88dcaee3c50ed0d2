#include "tests/chaos/truth.hpp"

namespace outbox::chaos {
namespace {

constexpr const char* kTables = R"(
  create table chaos_key (key text primary key, n bigint not null default 0)
    with (fillfactor = 50);
  create table chaos_truth (
    id           uuid not null,
    n            bigint not null,
    total_minor  bigint,  -- of an OrderCreated
    key          text not null);
  alter table chaos_key set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000))";

std::string currency() {
  return "EUR";
}

// What the writers committed.
Result<void> read_writers(pg::Connection& connection, Truth& truth) {
  const auto rows = connection.query("select key, n, id::text, total_minor from chaos_truth");
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    const std::string key{rows->text(row, 0)};
    const std::string id{rows->text(row, 2)};
    truth.messages.push_back({{key, rows->int8(row, 1)}, id});
    if (rows->is_null(row, 3)) continue;
    truth.orders.emplace(key, demo::OrderFacts{rows->int8(row, 3), currency(), false});
    truth.written_at.emplace(id, 0);
  }
  return {};
}

// An order of order-service tells of itself in one message, whose id only the outbox knows.
Result<void> read_orders(pg::Connection& connection, Truth& truth) {
  const auto rows = connection.query(
      "select o.id::text, o.total_minor, o.currency, m.id::text from orders o "
      "left join outbox m on m.aggregateid = o.id::text");
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    const std::string key{rows->text(row, 0)};
    truth.messages.push_back({{key, 1}, std::string{rows->text(row, 3)}});
    truth.orders.emplace(
        key, demo::OrderFacts{rows->int8(row, 1), std::string{rows->text(row, 2)}, false});
    truth.written_at.emplace(std::string{rows->text(row, 3)}, 0);
  }
  return {};
}

// Dead messages, and those that a dead one holds: an operator sees both.
Result<void> read_given_up(pg::Connection& connection, Truth& truth) {
  const auto rows = connection.query(
      "select t.key, t.n from outbox_message m join chaos_truth t on t.id = m.id "
      "where m.status in ('dead', 'discarded') or (m.status = 'held' and exists (select 1 from "
      "outbox_exception e where e.state = 'dead' and e.key = m.aggregateid))");
  if (!rows) return rows.error();
  for (int row = 0; row < rows->size(); ++row) {
    truth.given_up.insert({std::string{rows->text(row, 0)}, rows->int8(row, 1)});
  }
  return {};
}

}  // namespace

Result<void> make_truth_tables(pg::Connection& connection, const std::vector<std::string>& keys) {
  if (auto made = connection.exec(kTables); !made) return made.error();
  pg::Array array{pg::Type::text};
  for (const std::string& key : keys) {
    array.bytes(key);
  }
  const auto filled = connection.query("insert into chaos_key (key) select unnest($1::text[])",
                                       pg::Params{}.array(array));
  if (!filled) return filled.error();
  return {};
}

Result<Truth> read_truth(pg::Connection& connection) {
  Truth truth;
  if (auto read = read_writers(connection, truth); !read) return read.error();
  if (auto read = read_orders(connection, truth); !read) return read.error();
  if (auto read = read_given_up(connection, truth); !read) return read.error();
  return truth;
}

}  // namespace outbox::chaos
