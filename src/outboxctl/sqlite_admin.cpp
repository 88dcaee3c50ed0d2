#include <utility>

#include "outbox/sqlite.hpp"
#include "outboxctl/outbox_admin.hpp"
#include "sources/sqlite/status_reader.hpp"
#include "support/sqlite/database.hpp"

namespace outbox::ctl {
namespace {

// The view walks down the primary key; a rare status is looked for among its exceptions first.
constexpr std::string_view kMessages = R"(
  select seq, id, status, aggregatetype, aggregateid, type,
         strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch'), attempts,
         strftime('%Y-%m-%dT%H:%M:%fZ', due_at / 1000000.0, 'unixepoch'), last_error,
         topic, "partition", "offset"
    from outbox_message
   where (?2 = '' or status = ?2) and (?3 = '' or aggregateid = ?3))";

std::string messages_query(const MessagesOptions& options) {
  std::string sql{kMessages};
  if (options.status == "held") {
    sql += " and aggregateid in (select key from outbox_exception where state = ?2)";
  } else if (options.status == "pending") {
    sql += " and seq > (select last_seq from outbox_position)";
  } else if (!options.status.empty() && options.status != "processed") {
    sql += " and seq in (select seq from outbox_exception where state = ?2)";
  }
  return sql + " order by seq desc limit ?1";
}

MessageRow to_message(const sqlite::Statement& row) {
  const auto text = [&](int column) { return std::string{row.text(column)}; };
  const auto text_or_null = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional{text(column)};
  };
  const auto number_or_null = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional{row.int8(column)};
  };
  return {row.int8(0),       text(1),         text(2),          text(3),
          text(4),           text(5),         text(6),          row.int8(7),
          text_or_null(8),   text_or_null(9), text_or_null(10), number_or_null(11),
          number_or_null(12)};
}

class SqliteAdmin final : public OutboxAdmin {
 public:
  explicit SqliteAdmin(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string where() const override { return path_; }

  Result<Migration> migrate(const MigrateOptions& options) override {
    auto database = sqlite::Database::open(path_, {.create = !options.down});
    if (!database) return std::move(database).error();
    const auto report =
        options.down ? sqlite::migrate_down(database->raw()) : sqlite::migrate(database->raw());
    if (!report) return report.error();
    return Migration{*report, 0};
  }

  Result<Overview> overview() override {
    auto database = open();
    if (!database) return std::move(database).error();
    auto relay = sqlite::StatusReader{path_}.read();
    if (!relay) return std::move(relay).error();
    auto version = database->integer("select max(version) from outbox_migration");
    if (!version) return std::move(version).error();
    auto processed = database->integer("select count(*) from (select 1 from outbox_receipt limit " +
                                       std::to_string(kProcessedLimit + 1) + ")");
    if (!processed) return std::move(processed).error();
    auto last_seq = database->integer("select last_seq from outbox_position");
    if (!last_seq) return std::move(last_seq).error();
    ShardPosition all;
    all.shard_count = 64;
    all.shards = "all";
    all.last_seq = *last_seq;
    return Overview{*std::move(relay), *version, sqlite::newest_migration(), *processed, 0, {all}};
  }

  Result<std::vector<MessageRow>> messages(const MessagesOptions& options) override {
    auto database = open();
    if (!database) return std::move(database).error();
    auto statement = database->prepare(messages_query(options));
    if (!statement) return std::move(statement).error();
    statement->bind(options.limit).bind(options.status).bind(options.key);
    std::vector<MessageRow> messages;
    while (true) {
      const auto row = statement->step();
      if (!row) return row.error();
      if (!*row) return messages;
      messages.push_back(to_message(*statement));
    }
  }

 private:
  // not_found, with the remedy: the file has no outbox.
  Result<sqlite::Database> open() {
    auto database = sqlite::Database::open(path_, {});
    if (!database) return database;
    auto tables =
        database->integer("select count(*) from sqlite_schema where name = 'outbox_position'");
    if (!tables) return std::move(tables).error();
    if (*tables == 1) return database;
    return Error{ErrorCode::not_found,
                 path_ + " has no outbox: run 'outboxctl migrate', or correct --database"};
  }

  std::string path_;
};

}  // namespace

std::unique_ptr<OutboxAdmin> open_sqlite(const std::string& path) {
  return std::make_unique<SqliteAdmin>(path);
}

}  // namespace outbox::ctl
