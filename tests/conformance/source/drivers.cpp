#include "tests/conformance/source/postgres_table_driver.hpp"
#include "tests/conformance/source/source_driver.hpp"
#include "tests/conformance/source/sqlite_driver.hpp"

namespace outbox::test {

std::vector<DriverFactory> all_drivers() {
  return {
      DriverFactory{"PostgresTable", true, make_postgres_table_driver},
      DriverFactory{"PostgresWal", true, make_postgres_wal_driver, /*ranges_reach_ahead=*/true},
      DriverFactory{"PostgresWalDeleted", true, make_postgres_deleted_driver, false,
                    /*replays=*/false},
      DriverFactory{"PostgresWalEmitted", true, make_postgres_emitted_driver, false,
                    /*replays=*/false},
      DriverFactory{"Sqlite", true, make_sqlite_driver},
  };
}

}  // namespace outbox::test
