#include "tests/e2e/process.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace outbox::e2e {
namespace {

// What a child sees of the variables that end in `suffix`: no more, as a failure prints it.
std::string seen_by_a_child(const std::string& suffix, const Environment& environment) {
  const test::TemporaryFolder folder;
  const std::string log = folder.path() / "env";
  Process env{{"/bin/sh", "-c", "env | grep '" + suffix + "$' | sort"}, environment, log};
  EXPECT_EQ(env.wait(std::chrono::seconds{30}), 0);
  std::stringstream seen;
  seen << std::ifstream{log}.rdbuf();
  return seen.str();
}

TEST(Process, SettingsOfTheCallersOwnDatabaseAndBrokerDoNotReachAProgram) {
  for (const char* name :
       {"OUTBOX_SOURCE__URL", "OUTBOX_SINK__BROKERS", "OUTBOX_CONFIG", "DB_DSN", "DATABASE_URL",
        "MONGO_URI", "KAFKA_BROKERS", "ORDERS_URL", "PGHOSTADDR", "PGSERVICE"}) {
    setenv(name, "the-users-own", 1);
  }
  EXPECT_EQ(seen_by_a_child("the-users-own", {}), "");
  EXPECT_EQ(seen_by_a_child("given", {{"OUTBOX_SOURCE__URL", "given"}, {"DATABASE_URL", "given"}}),
            "DATABASE_URL=given\nOUTBOX_SOURCE__URL=given\n");
}

TEST(Process, TheRestOfTheEnvironmentIsInherited) {
  for (const char* name : {"OUTBOX_TEST_STACK", "DEV_TEST_RUN", "REMOVED"}) {
    setenv(name, "inherited", 1);
  }
  EXPECT_EQ(seen_by_a_child("inherited", {{"REMOVED", ""}}),
            "DEV_TEST_RUN=inherited\nOUTBOX_TEST_STACK=inherited\n");
}

}  // namespace
}  // namespace outbox::e2e
