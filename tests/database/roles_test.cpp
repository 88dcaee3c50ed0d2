// Each of the migration's roles may do what it is for, and nothing else.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/aggregates.hpp"
#include "admin/audit_log.hpp"
#include "admin/dead_letter_list.hpp"
#include "admin/dead_letters.hpp"
#include "admin/message_search.hpp"
#include "admin/outbox_state.hpp"
#include "admin/pause.hpp"
#include "admin/shard_control.hpp"
#include "admin/shard_list.hpp"
#include "admin/trace.hpp"
#include "sources/postgres_table/status_reader.hpp"
#include "tests/database/narrow_partitions.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {
namespace {

using Rights = std::map<std::string, std::set<std::string>>;  // object: verbs

// The rights that are not on a whole table are told as "VERB(column, …)".
Rights producer_rights() {
  return {{"outbox", {"INSERT(aggregateid,aggregatetype,available_at,headers,id,payload,type)"}},
          {"outbox_emit", {"EXECUTE"}},
          // Everyone may see whether it is armed, which the trigger looks at.
          {"outbox_doorbell", {"SELECT"}}};
}

Rights relay_rights() {
  const std::set<std::string> see{"SELECT"};
  const std::set<std::string> call{"EXECUTE"};
  return {{"outbox", {"SELECT", "INSERT(aggregateid,aggregatetype,headers,id,payload,type)"}},
          {"outbox_row", see},
          {"outbox_kept", {"SELECT", "INSERT"}},
          {"outbox_secret", see},
          {"outbox_partition", see},
          {"outbox_progress", see},
          {"outbox_position", see},
          {"outbox_origin", see},
          {"outbox_message", see},
          {"outbox_migration", see},
          {"outbox_control", {"SELECT", "UPDATE"}},
          {"outbox_seq_seq", see},
          {"outbox_receipt", {"SELECT"}},
          {"outbox_receipt_run", {"SELECT", "INSERT"}},
          {"outbox_exception", {"SELECT", "INSERT", "UPDATE", "DELETE"}},
          {"outbox_relay", {"SELECT", "INSERT", "UPDATE", "DELETE"}},
          {"outbox_intent", {"SELECT", "INSERT", "UPDATE", "DELETE"}},
          {"outbox_attempt", {"SELECT", "INSERT", "DELETE"}},
          {"outbox_audit", {"SELECT", "INSERT"}},
          {"outbox_shard", {"SELECT", "UPDATE"}},
          {"outbox_move", {"SELECT", "INSERT", "UPDATE", "DELETE"}},
          {"outbox_progress_0", {"SELECT", "INSERT", "TRUNCATE"}},
          {"outbox_progress_1", {"SELECT", "INSERT", "TRUNCATE"}},
          {"outbox_epoch", {"USAGE"}},
          {"outbox_doorbell", {"SELECT", "UPDATE"}},
          {"outbox_add_partitions", call},
          {"outbox_free_partition", call},
          {"outbox_forget", call},
          {"outbox_detach_partition", call},
          {"outbox_drop_detached", call}};
}

Rights viewer_rights() {
  Rights rights;
  for (const char* object :
       {"outbox",           "outbox_kept",        "outbox_row",        "outbox_message",
        "outbox_receipt",   "outbox_receipt_run", "outbox_exception",  "outbox_attempt",
        "outbox_audit",     "outbox_shard",       "outbox_move",       "outbox_relay",
        "outbox_control",   "outbox_progress_0",  "outbox_progress_1", "outbox_progress",
        "outbox_position",  "outbox_origin",      "outbox_intent",     "outbox_partition",
        "outbox_migration", "outbox_seq_seq",     "outbox_doorbell"}) {
    rights[object] = {"SELECT"};
  }
  return rights;
}

// Every object of the schema with every verb that there is for its kind.
constexpr const char* kMatrix = R"(
  with objects as (
         select c.oid, c.relname::text as name, c.relkind::text as kind
           from pg_class c where c.relnamespace = 'public'::regnamespace
            and c.relkind in ('r', 'p', 'v', 'S'))
  select name, verb from objects
   cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                           'TRIGGER']) verb
   where kind <> 'S' and has_table_privilege($1, oid, verb)
  union all
  select name, verb || '(' || string_agg(attname, ',' order by attname) || ')' from objects
    join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
   cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) verb
   where kind <> 'S' and not has_table_privilege($1, oid, verb)
     and has_column_privilege($1, oid, attnum, verb)
   group by name, verb
  union all
  select name, verb from objects cross join unnest(array['SELECT', 'UPDATE', 'USAGE']) verb
   where kind = 'S' and has_sequence_privilege($1, oid, verb)
  union all
  select p.proname, 'EXECUTE' from pg_proc p
   where p.pronamespace = 'public'::regnamespace and has_function_privilege($1, p.oid, 'EXECUTE')
  union all
  select 'schema', 'CREATE' where has_schema_privilege($1, 'public', 'CREATE'))";

class RolesTest : public testing::Test {
 protected:
  Rights rights_of(const std::string& role) {
    pg::Params params;
    params.text(role);
    const pg::Rows rows = must(connection_.query(kMatrix, params));
    Rights rights;
    for (int i = 0; i < rows.size(); ++i) {
      rights[std::string{rows.text(i, 0)}].emplace(rows.text(i, 1));
    }
    return rights;
  }

  OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
};

// A login of a test's own that is a member of one of the roles.
class Login {
 public:
  Login(const TestDatabase& database, const std::string& member_of)
      : admin_(database.connect()), name_(database.name() + "_login") {
    must_exec(admin_, "create role " + name_ + " login password 'for-a-test' in role " + member_of);
    const std::string& url = database.url();
    const std::size_t user = url.find("://") + 3;
    url_ = url.substr(0, user) + name_ + ":for-a-test" + url.substr(url.find('@'));
  }
  ~Login() { static_cast<void>(admin_.exec("drop role " + name_)); }
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] pg::Connection connect() const { return must(pg::Connection::connect(url_)); }

 private:
  pg::Connection admin_;
  std::string name_;
  std::string url_;
};

TEST_F(RolesTest, EachHasExactlyItsRights) {
  EXPECT_EQ(rights_of("outbox_producer"), producer_rights());
  EXPECT_EQ(rights_of("outbox_relay"), relay_rights());
  EXPECT_EQ(rights_of("outbox_viewer"), viewer_rights());
}

TEST_F(RolesTest, NobodyElseHasAnyBeyondTheLookAtTheDoorbell) {
  must_exec(connection_, "create role " + database_.name() + "_nobody");
  EXPECT_EQ(rights_of(database_.name() + "_nobody"), (Rights{{"outbox_doorbell", {"SELECT"}}}));
  must_exec(connection_, "drop role " + database_.name() + "_nobody");
}

TEST_F(RolesTest, NoneIsALoginOrMore) {
  EXPECT_EQ(value_of(connection_,
                     "select count(*) from pg_roles where rolname in ('outbox_producer', "
                     "'outbox_relay', 'outbox_viewer') and not (rolcanlogin or rolsuper or "
                     "rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)"),
            "3");
}

TEST_F(RolesTest, AProducerWritesAndRingsAndCannotForgeWhatIsOurs) {
  must_exec(connection_, "select setval('outbox_doorbell', 1, true)");
  const Login login{database_, "outbox_producer"};
  pg::Connection producer = login.connect();
  insert_rows(producer, 3);
  must_exec(
      producer,
      "insert into outbox (id, aggregatetype, aggregateid, type, payload, headers, "
      "available_at) values (gen_random_uuid(), 'a', 'k', 't', '{}', '{\"h\": \"v\"}', now())");
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox"), "4");
  for (const char* sql :
       {"insert into outbox (xid, id, aggregatetype, aggregateid, type, payload) values "
        "('5', gen_random_uuid(), 'a', 'k', 't', '{}')",
        "insert into outbox_p0 (id, aggregatetype, aggregateid, type, payload) values "
        "(gen_random_uuid(), 'a', 'k', 't', '{}')",
        "select count(*) from outbox", "select nextval('outbox_seq_seq')",
        "select setval('outbox_doorbell', 1, true)", "select outbox_add_partitions(1)"}) {
    const Result<pg::Rows> refused = producer.exec(sql);
    ASSERT_FALSE(refused) << sql;
    EXPECT_EQ(producer.sqlstate(), "42501") << sql;
  }
}

TEST_F(RolesTest, TheRelayMayCopyADeadLetter) {
  const Login login{database_, "outbox_relay"};
  insert_rows(connection_, 1);
  PostgresTableOptions options = source_options(login.url());
  options.dead_letter_type = "dead-letter";
  PostgresTableSource source{options};
  must(source.connect());
  const Batch batch = must(source.claim(10));
  ASSERT_EQ(batch.records.size(), 1U);
  const Record& record = batch.records.front();
  Settlement settlement;
  settlement.through = batch.number;
  settlement.failed = {
      FailedHead{record.seq, record.shard, std::string{record.key}, 20, {}, "refused", true}};
  must(source.settle(settlement));
  EXPECT_EQ(must(source.claim(10)).records.size(), 1U);
}

TEST_F(RolesTest, TheRelayRunsAsAMemberOfItsRole) {
  const Login login{database_, "outbox_relay"};
  insert_rows(connection_, 10);
  fill_progress(connection_, 0);  // so that the source has to turn to the other table
  must_exec(connection_, "drop table outbox_p8");
  PostgresTableSource source{source_options(login.url())};
  must(source.connect());
  EXPECT_EQ(value_of(connection_, "select to_regclass('outbox_p8') is null"), "f");
  const Batch batch = must(source.claim(100));
  ASSERT_EQ(batch.records.size(), 10U);
  Settlement settlement;
  settlement.through = batch.number;
  const Record& first = batch.records.front();
  settlement.failed.push_back(FailedHead{first.seq, first.shard, std::string{first.key}, 1,
                                         std::chrono::hours{1}, "refused"});
  settlement.held.push_back(
      HeldRange{std::string{batch.records[1].key}, batch.records[1].shard, 2, 2});
  settlement.delivered.push_back(Receipt{batch.records[2].seq, "topic", 0, 1});
  must(source.settle(settlement));
  EXPECT_EQ(value_of(connection_, "select count(*) from outbox_progress_1"), "1");

  Settlement resolved;
  resolved.through = batch.number;
  resolved.resolved.push_back(first.seq);
  must(source.settle(resolved));
  const HeldRange range{std::string{batch.records[1].key}, batch.records[1].shard, 2, 2};
  EXPECT_EQ(must(source.claim_exceptions({&range, 1}, 10)).records.size(), 1U);
  must(source.await_work(std::chrono::milliseconds{1}, {}));
  const SourceStatus status = must(postgres_table::StatusReader{login.url(), "outbox"}.read());
  EXPECT_EQ(status.pending, 0);
  EXPECT_EQ(status.held_keys, 1);
}

TEST_F(RolesTest, OperatorsLookAndActThroughTheRelay) {
  insert_rows(connection_, 3);
  must_exec(connection_,
            "insert into outbox_exception (seq, shard, state, key) "
            "select seq, shard, 'dead', aggregateid from outbox where seq = 1");
  const Login login{database_, "outbox_relay"};
  admin::PostgresOutbox outbox = must(admin::PostgresOutbox::open(login.url(), "outbox", "ada"));
  EXPECT_EQ(must(admin::search_messages(outbox, {}, {})).items.size(), 3U);
  EXPECT_EQ(must(admin::trace(outbox, "1")).size(), 1U);
  EXPECT_EQ(must(admin::list_dead_letters(outbox, {}, {})).items.size(), 1U);
  EXPECT_TRUE(admin::list_aggregates(outbox, "", {}));
  EXPECT_TRUE(admin::list_audit(outbox, {}, {}));
  EXPECT_TRUE(admin::list_shards(outbox));
  EXPECT_TRUE(must(admin::schema_version(outbox)));
  EXPECT_TRUE(must(admin::set_paused(outbox, true)));
  EXPECT_TRUE(must(admin::read_state(outbox)).paused);
  EXPECT_TRUE(must(admin::pause_topic(outbox, "orders", true)));
  EXPECT_TRUE(must(admin::pause_shard(outbox, 3, true)));
  admin::DeadLetters letters{outbox};
  admin::DeadLetterFilter filter;
  filter.names = {"1"};
  const auto selected = must(letters.select(filter, admin::Purpose::retry));
  EXPECT_EQ(must(letters.retry_edited(selected, "{\"v\": 2}", {})), 1);
  EXPECT_EQ(must(letters.discard(must(letters.select(filter, admin::Purpose::discard)))), 1);
}

TEST_F(RolesTest, RetentionRunsAsAMemberOfTheRelaysRole) {
  narrow_partitions(connection_, 100);
  insert_rows(connection_, 250);
  const Login login{database_, "outbox_relay"};
  SourceReader reader{login.url(), 1000};
  EXPECT_EQ(reader.read().size(), 250U);
  const postgres_table::RetentionReport report = retain(login.url());
  EXPECT_EQ(report.freed, 2);
  EXPECT_EQ(report.dropped, 4);
  EXPECT_EQ(report.ahead, 8);
  must_exec(connection_, "truncate outbox");
  EXPECT_EQ(retain(login.url()).truncated, 0);
}

TEST_F(RolesTest, AViewerSeesEveryMessage) {
  insert_rows(connection_, 2);
  const Login login{database_, "outbox_viewer"};
  pg::Connection viewer = login.connect();
  EXPECT_EQ(value_of(viewer, "select count(*) from outbox_message where status = 'pending'"), "2");
  EXPECT_FALSE(viewer.exec("delete from outbox"));
}

TEST(RolesOfManyDatabasesTest, AreMadeOnceByMigrationsThatRunAtTheSameTime) {
  constexpr int kDatabases = 6;
  // A name of its own, so that the roles do not exist yet.
  MigrationOptions options;
  options.table = "roles" + std::to_string(getpid());
  std::vector<std::unique_ptr<TestDatabase>> databases;
  for (int i = 0; i < kDatabases; ++i) {
    databases.push_back(std::make_unique<TestDatabase>());
  }
  std::vector<Result<MigrationReport>> reports(kDatabases, Error{});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kDatabases; ++i) {
      threads.emplace_back([&, i] {
        pg::Connection connection = databases[static_cast<std::size_t>(i)]->connect();
        reports[static_cast<std::size_t>(i)] = migrate(connection.raw(), options);
      });
    }
  }
  for (std::size_t i = 0; i < databases.size(); ++i) {
    ASSERT_TRUE(reports[i]) << reports[i].error().message;
    pg::Connection connection = databases[i]->connect();
    EXPECT_EQ(value_of(connection, "select has_table_privilege('" + options.table + "_viewer', '" +
                                       options.table + "', 'SELECT')"),
              "t");
  }
  databases.resize(1);
  pg::Connection connection = databases.front()->connect();
  must(migrate_down(connection.raw(), options));
  for (const char* role : {"_producer", "_relay", "_viewer"}) {
    must_exec(connection, "drop role " + options.table + role);
  }
}

// Whoever may make tables need not be one who may make roles.
TEST(RolesOfALesserMigratorTest, AreLeftToSomeoneWhoMayMakeThem) {
  const TestDatabase database;
  pg::Connection admin = database.connect();
  const std::string owner = database.name() + "_owner";
  must_exec(admin,
            "create role " + owner + "; alter database " + database.name() + " owner to " + owner);
  MigrationOptions options;
  options.table = "lesser" + std::to_string(getpid());
  pg::Connection connection = database.connect();
  must_exec(connection, "set role " + owner);
  must(migrate(connection.raw(), options));
  EXPECT_EQ(
      value_of(admin, "select count(*) from pg_roles where rolname like '" + options.table + "%'"),
      "0");
  const std::string grant = "select count(*) from " + options.table + "_grant()";
  EXPECT_EQ(value_of(connection, grant), "3") << "the roles that are missing";
  EXPECT_EQ(value_of(admin, grant), "0");
  EXPECT_EQ(value_of(admin, "select has_table_privilege('" + options.table + "_relay', '" +
                                options.table + "', 'SELECT')"),
            "t");
  must(migrate_down(connection.raw(), options));
  for (const char* role : {"_producer", "_relay", "_viewer"}) {
    must_exec(admin, "drop role " + options.table + role);
  }
  must_exec(admin, "reassign owned by " + owner + " to postgres; drop role " + owner);
}

TEST(RolesInASchemaTest, MayUseIt) {
  const TestDatabase database;
  pg::Connection connection = database.connect();
  must_exec(connection, "create schema \"Billing-2\"");
  MigrationOptions options;
  options.table = "Billing-2.roles" + std::to_string(getpid());
  const std::string role = options.table.substr(options.table.find('.') + 1) + "_producer";
  must(migrate(connection.raw(), options));
  const std::string usage = "select has_schema_privilege('" + role + "', 'Billing-2', 'USAGE')";
  EXPECT_EQ(value_of(connection, usage), "t");
  must(migrate_down(connection.raw(), options));
  EXPECT_EQ(value_of(connection, usage), "f");
  must_exec(connection, "drop role " + role);
  for (const char* other : {"_relay", "_viewer"}) {
    must_exec(connection, "drop role " + role.substr(0, role.rfind('_')) + other);
  }
}

}  // namespace
}  // namespace outbox::test
