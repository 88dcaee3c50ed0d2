#include "outboxctl/bench/bench_place.hpp"

#include <chrono>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "outbox/migrations.hpp"
#include "outboxctl/database.hpp"
#include "sinks/kafka/settings.hpp"
#include "support/kafka/admin.hpp"

namespace outbox::ctl {
namespace {

// The schema's comment; the second also says that there is a topic.
constexpr const char* kMadeWithoutTopic = "made by outboxctl bench";
constexpr const char* kMadeWithTopic = "made by outboxctl bench, with a topic of the same name";
// Of statements on millions of rows.
constexpr std::chrono::minutes kStatementTimeout{10};

std::string lock_of(const std::string& schema) {
  return "hashtextextended('" + schema + "', 0)";
}

Result<kafka::Admin> connect_kafka(const Settings& settings) {
  auto conf = kafka::make_conf(settings.kafka);
  if (!conf) return std::move(conf).error();
  return kafka::Admin::connect(conf->conf.release());
}

// No error when there is none.
Result<void> remove_topic(const Settings& settings, const std::string& name) {
  auto kafka = connect_kafka(settings);
  if (!kafka) return std::move(kafka).error();
  auto removed = kafka->remove_topic(name);
  if (removed || removed.error().code == ErrorCode::not_found) return {};
  return removed;
}

// With the roles that the migration made for this outbox alone.
Result<void> remove_schema(pg::Connection& connection, const std::string& name) {
  std::string sql = "drop schema if exists " + name + " cascade";
  for (const char* role : {"producer", "relay", "viewer"}) {
    sql += fmt::format("; drop role if exists {}_{}", name, role);
  }
  auto dropped = connection.exec(sql);
  return dropped ? Result<void>{} : std::move(dropped).error();
}

Error left_behind(const std::string& name, const Error& why) {
  return {why.code, "what the benchmark made is still there, under the name " + name + ": " +
                        why.message + "; remove it with outboxctl bench --cleanup"};
}

}  // namespace

BenchPlace::BenchPlace(pg::Connection connection, const Settings& settings)
    : name_(fmt::format("outbox_bench_{:08x}", std::random_device{}())),
      settings_(settings),
      connection_(std::move(connection)) {
  settings_.source_table = table();
  settings_.kafka.topic = name_;
  settings_.kafka.routes.clear();
}

Result<BenchPlace> BenchPlace::make(pg::Connection connection, const Settings& settings) {
  BenchPlace place{std::move(connection), settings};
  // Before anything is made that could not be removed then.
  if (place.has_topic()) {
    auto kafka = connect_kafka(settings);
    if (!kafka) return std::move(kafka).error();
    if (auto reached = kafka->check_reachable(); !reached) return std::move(reached).error();
  }
  auto made = place.make_schema();
  if (made && place.has_topic()) made = place.make_topic();
  if (made) return place;
  if (auto removed = place.remove(); !removed) {
    return Error{made.error().code, made.error().message + "; " + removed.error().message};
  }
  return std::move(made).error();
}

Result<void> BenchPlace::make_schema() {
  if (auto set = connection_.set_statement_timeout(kStatementTimeout); !set) return set;
  // The lock is there as soon as the schema is seen, so that nobody takes it for a leftover.
  const auto schema = connection_.exec(fmt::format(
      "begin; select pg_advisory_lock({}); create schema {}; comment on schema {} is '{}'; commit",
      lock_of(name_), name_, name_, has_topic() ? kMadeWithTopic : kMadeWithoutTopic));
  if (!schema) {
    static_cast<void>(connection_.exec("rollback"));
    return Error{
        schema.error().code,
        "a schema for the benchmark cannot be made; its role needs CREATE on the database: " +
            schema.error().message};
  }
  MigrationOptions migration;
  migration.table = table();
  auto migrated = migrate(connection_.raw(), migration);
  return migrated ? Result<void>{} : std::move(migrated).error();
}

Result<void> BenchPlace::make_topic() {
  auto kafka = connect_kafka(settings_);
  if (!kafka) return std::move(kafka).error();
  auto made = kafka->create_topic(name_, kPartitions);
  may_have_topic_ = made.ok() || made.error().code == ErrorCode::timeout;
  return made;
}

Result<void> BenchPlace::remove() {
  if (!connection_.alive()) {
    auto again = connect_postgres(settings_.source_url.reveal());
    if (!again) return left_behind(name_, again.error());
    connection_ = *std::move(again);
  }
  // The schema goes last: it is what a later clean-up finds.
  if (may_have_topic_) {
    if (auto removed = remove_topic(settings_, name_); !removed) {
      return left_behind(name_, removed.error());
    }
  }
  if (auto removed = remove_schema(connection_, name_); !removed) {
    return left_behind(name_, removed.error());
  }
  static_cast<void>(connection_.exec("select pg_advisory_unlock_all()"));
  return {};
}

Result<std::vector<std::string>> leftovers(pg::Connection& connection) {
  // Its own name and comment: nobody else's schema is ever taken for one.
  const auto rows = connection.exec(
      fmt::format("select nspname from pg_namespace where nspname ~ '^outbox_bench_[0-9a-f]{{8}}$' "
                  "and obj_description(oid, 'pg_namespace') in ('{}', '{}') order by nspname",
                  kMadeWithoutTopic, kMadeWithTopic));
  if (!rows) return rows.error();
  std::vector<std::string> names;
  for (int row = 0; row < rows->size(); ++row) {
    const std::string name{rows->text(row, 0)};
    const auto free = connection.exec(
        fmt::format("select pg_try_advisory_lock({0}) and pg_advisory_unlock({0})", lock_of(name)));
    if (!free) return free.error();
    if (free->boolean(0, 0)) names.push_back(name);
  }
  return names;
}

Result<std::vector<std::string>> remove_leftovers(pg::Connection& connection,
                                                  const Settings& settings) {
  auto names = leftovers(connection);
  if (!names) return names;
  for (const std::string& name : *names) {
    const auto comment =
        connection.exec("select obj_description('" + name + "'::regnamespace, 'pg_namespace')");
    if (!comment) return comment.error();
    if (comment->text(0, 0) == kMadeWithTopic) {
      if (settings.sink_type != "kafka") {
        return Error{ErrorCode::invalid_argument,
                     name +
                         " has a topic in Kafka: clean up with sink.type=kafka and the brokers "
                         "that it was made on"};
      }
      if (auto removed = remove_topic(settings, name); !removed) return std::move(removed).error();
    }
    if (auto removed = remove_schema(connection, name); !removed) return std::move(removed).error();
  }
  return names;
}

}  // namespace outbox::ctl
