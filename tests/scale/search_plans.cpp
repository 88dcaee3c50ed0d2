#include "tests/scale/search_plans.hpp"

#include <regex>
#include <stdexcept>
#include <utility>

#include "admin/json_path.hpp"
#include "admin/payload_sql.hpp"
#include "sources/postgres_table/sql.hpp"

namespace outbox::test {

using admin::Driver;
using admin::MessageFilter;

std::vector<NamedFilter> worst_filters() {
  std::vector<NamedFilter> filters{{"none", {}}};
  const auto add = [&filters](const std::string& name, auto set) {
    NamedFilter filter{name, {}};
    set(filter.filter);
    filters.push_back(filter);
    filter.name += ", oldest first";
    filter.filter.ascending = true;
    filters.push_back(std::move(filter));
  };
  for (const char* status :
       {"pending", "delayed", "retrying", "held", "processed", "dead", "discarded"}) {
    add(std::string{"status "} + status, [&](MessageFilter& f) { f.status = status; });
  }
  add("topic", [](MessageFilter& f) { f.topic = "nowhere"; });
  add("aggregate type", [](MessageFilter& f) { f.aggregate_type = "none"; });
  add("type", [](MessageFilter& f) { f.type = "None"; });
  add("error", [](MessageFilter& f) { f.error = "unheard of"; });
  add("payload", [](MessageFilter& f) {
    f.path = "$.customer.name";
    f.value = "nobody";
  });
  add("aggregate", [](MessageFilter& f) { f.aggregate_id = "hot"; });
  add("until early", [](MessageFilter& f) { f.until = "2026-01-01T00:10:00Z"; });
  add("since early, type", [](MessageFilter& f) {
    f.since = "2026-01-01T00:10:00Z";
    f.type = "None";
  });
  add("everything", [](MessageFilter& f) {
    f.status = "processed";
    f.topic = "orders";
    f.aggregate_type = "order";
    f.type = "OrderCreated";
    f.since = "2026-01-01T00:00:00Z";
    f.until = "2030-01-01T00:00:00Z";
    f.path = "$.customer.name";
    f.value = "nobody";
  });
  add("an aggregate's everything", [](MessageFilter& f) {
    f.aggregate_id = "hot";
    f.status = "processed";
    f.topic = "nowhere";
    f.path = "$.customer.name";
    f.value = "c1";
  });
  return filters;
}

bool serves(Driver driver, const MessageFilter& filter) {
  switch (driver) {
    case Driver::key:
      return !filter.aggregate_id.empty();
    case Driver::recent:
      return filter.status == "pending";
    case Driver::exceptions:
      return !filter.error.empty() || filter.status == "dead" || filter.status == "retrying" ||
             filter.status == "delayed" || filter.status == "discarded";
    case Driver::held:
      return filter.status == "held";
    case Driver::table:
      break;
  }
  return filter.aggregate_id.empty();
}

std::string name_of(Driver driver) {
  switch (driver) {
    case Driver::table:
      return "table";
    case Driver::key:
      return "key";
    case Driver::recent:
      return "recent";
    case Driver::exceptions:
      return "exceptions";
    case Driver::held:
      return "held";
  }
  return "";
}

admin::Statement statement_of(const NamedFilter& named, Driver driver, std::int64_t look) {
  admin::SearchStep step;
  step.driver = driver;
  step.look = look;
  step.take = 51;
  step.low_xid = "1000";
  admin::ParsedFilter parsed;
  parsed.filter = named.filter;
  parsed.since = named.filter.since;
  parsed.until = named.filter.until;
  if (!named.filter.path.empty()) parsed.path = admin::parse_json_path(named.filter.path).value();
  return admin::search_statement(step, parsed, admin::PayloadSql{"json"});
}

Cost cost_of(pg::Connection& connection, const admin::Statement& statement) {
  const auto tables = postgres_table::Tables::find(connection, "outbox");
  if (!tables) throw std::runtime_error(tables.error().message);
  auto tx = pg::Tx::begin(connection, admin::kSearchBegin);
  if (!tx) throw std::runtime_error(tx.error().message);
  const auto rows = connection.query(
      "explain (analyze, buffers, costs off, timing off) " + tables->sql(statement.sql),
      statement.params);
  if (!rows) throw std::runtime_error(rows.error().message + "\n" + statement.sql);
  Cost cost;
  for (int row = 0; row < rows->size(); ++row)
    cost.plan += std::string{rows->text(row, 0)} + "\n";
  // The first line with buffers is the whole statement's.
  std::smatch found;
  if (std::regex_search(cost.plan, found, std::regex{"Buffers: shared([^\n]*)"})) {
    const std::string counts = found[1];
    const std::regex count{"(hit|read)=([0-9]+)"};
    for (std::sregex_iterator one{counts.begin(), counts.end(), count}, end; one != end; ++one)
      cost.buffers += std::stoll((*one)[2]);
  }
  return cost;
}

}  // namespace outbox::test
