// The store suite on SQLite, and what is SQLite's own.
#include "invoice-service/sqlite_invoice_store.hpp"

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "invoice-service/embedded.hpp"
#include "invoice-service/invoice_store_test.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::invoices::testing {
namespace {

using ::testing::HasSubstr;

class SqlitePlace final : public StorePlace {
 public:
  [[nodiscard]] std::string path() const { return (folder_.path() / "invoices.db").string(); }
  [[nodiscard]] std::string address() const override { return "sqlite:" + path(); }
  [[nodiscard]] std::vector<std::string> ledger(const std::string& order_id) const override {
    auto database = sqlite::Database::open(path(), {});
    auto rows = database->prepare(
        "select effect || ' ' || amount_minor from invoice_effect where order_id = ? order by seq");
    rows->bind(order_id);
    std::vector<std::string> effects;
    while (*rows->step())
      effects.emplace_back(rows->text(0));
    return effects;
  }

 private:
  test::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, InvoiceStoreTest,
                         ::testing::Values(StoreKind{
                             "sqlite", [] { return std::make_unique<SqlitePlace>(); }}),
                         [](const auto& kind) { return kind.param.name; });

class SqliteInvoiceStoreTest : public ::testing::Test {
 protected:
  std::int64_t number(const std::string& sql) const {
    auto database = sqlite::Database::open(place_.path(), {});
    const auto value = database->integer(sql);
    EXPECT_TRUE(value) << sql;
    return value ? *value : -1;
  }

  SqlitePlace place_;
};

TEST_F(SqliteInvoiceStoreTest, SaysWhichFileCannotBeUsed) {
  const auto nowhere = open_store("sqlite:/nowhere/at/all.db", "");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("/nowhere/at/all.db"));
  const auto none = open_store("sqlite:", "");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
}

TEST_F(SqliteInvoiceStoreTest, RefusesTablesThatAreNewerThanTheProgram) {
  ASSERT_TRUE(open_store(place_.address(), ""));
  ASSERT_TRUE(sqlite::Database::open(place_.path(), {})
                  ->exec("insert into invoice_service_migration (version) values (99)"));
  const auto refused = open_store(place_.address(), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("version 99"));
}

TEST_F(SqliteInvoiceStoreTest, BringsTablesOfTheFirstVersionUpToDate) {
  {
    auto database = sqlite::Database::open(place_.path(), {.create = true});
    ASSERT_TRUE(database->exec(std::string(embedded::f_0001_invoices_sql)));
    ASSERT_TRUE(database->exec(
        "create table invoice_service_migration (version integer primary key, applied_at text not "
        "null default current_timestamp) strict; "
        "insert into invoice_service_migration (version) values (1)"));
  }
  auto store = open_store(place_.address(), "");
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->apply(std::vector{created(1)})[0]);
  EXPECT_EQ(number("select max(version) from invoice_service_migration"), 2);
}

TEST_F(SqliteInvoiceStoreTest, TheLedgerOnlyGrows) {
  auto store = open_store(place_.address(), "");
  ASSERT_TRUE((*store)->apply(std::vector{created(1)})[0]);
  auto database = sqlite::Database::open(place_.path(), {});
  EXPECT_FALSE(database->exec("delete from invoice_effect"));
  EXPECT_FALSE(database->exec("update invoice_effect set amount_minor = 1"));
  EXPECT_EQ(place_.ledger(store_order(1)).size(), 1U);
}

TEST(OpenStore, RefusesAnAddressOfAnotherKindWithoutShowingIt) {
  const auto refused = open_store("postgresql://user:hunter2@host/db", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
}

constexpr int kCrashBatch = 50;

// Applies batches of one order and its cancellation each until it is killed. Begins after those
// that are there.
[[noreturn]] void apply_for_ever(const std::string& address, int first) {
  auto store = open_store(address, "");
  if (!store) std::_Exit(1);
  for (int order = first;; order += kCrashBatch) {
    std::vector<InvoiceMessage> batch;
    for (int n = order; n < order + kCrashBatch; ++n) {
      batch.push_back(created(n, *Uuid::parse("01" + store_order(n).substr(2))));
      batch.push_back(cancelled(n, *Uuid::parse("02" + store_order(n).substr(2))));
    }
    for (const auto& outcome : (*store)->apply(batch)) {
      if (!outcome) std::_Exit(2);
    }
  }
}

TEST_F(SqliteInvoiceStoreTest, AKillInTheMiddleOfABatchLeavesNoHalfEffect) {
  constexpr int kKills = 20;
  ASSERT_TRUE(open_store(place_.address(), ""));
  for (int kill = 1; kill <= kKills; ++kill) {
    const auto before = static_cast<int>(number("select count(*) from invoice"));
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) apply_for_ever(place_.address(), before);
    ASSERT_TRUE(test::eventually([&] { return number("select count(*) from invoice") > before; }));
    // Another moment each time; a batch takes some milliseconds.
    usleep(static_cast<useconds_t>(kill * 370));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);

    auto database = sqlite::Database::open(place_.path(), {});
    auto check = database->prepare("pragma integrity_check");
    ASSERT_TRUE(*check->step());
    EXPECT_EQ(check->text(0), "ok");
  }
  const auto invoices = number("select count(*) from invoice where status = 'voided'");
  EXPECT_EQ(invoices % kCrashBatch, 0) << "a batch is there as a whole or not at all";
  EXPECT_GE(invoices, kKills * kCrashBatch);
  EXPECT_EQ(number("select count(*) from invoice"), invoices);
  EXPECT_EQ(number("select count(*) from invoice_item"), 2 * invoices);
  EXPECT_EQ(number("select count(*) from invoice_effect"), 2 * invoices);
  EXPECT_EQ(number("select count(distinct message_id) from invoice_effect"), 2 * invoices);
  EXPECT_EQ(number("select count(*) from inbox"), 2 * invoices);
  EXPECT_EQ(number("select sum(amount_minor) from invoice_effect"), 2'600 * invoices);
}

}  // namespace
}  // namespace outbox::invoices::testing
