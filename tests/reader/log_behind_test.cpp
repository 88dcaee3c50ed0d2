// Whether the relay is told that it reads what was committed long before.
#include <gtest/gtest.h>

#include "tests/reader/caught_up_source.hpp"
#include "tests/reader/outbox_rows.hpp"
#include "tests/reader/source_reader.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::test {
namespace {

TEST(LogBehindTest, WhatWasCommittedLongBeforeItIsReadIsBehindAndWhatIsReadAtOnceIsNot) {
  const OutboxDatabase database;
  pg::Connection connection = database.connect();
  read_the_log(database);
  insert_rows(connection, 3);
  ASSERT_TRUE(eventually([&] {
    return value_of(connection,
                    "select max(created_at) < clock_timestamp() - interval '300 ms' from outbox") ==
           "t";
  }));
  CaughtUpSource relay{source_options(database.url()), database.connect()};
  must(relay.connect());
  const Batch late = must(relay.claim(10));
  EXPECT_EQ(late.records.size(), 3U);
  EXPECT_TRUE(late.behind);
  EXPECT_TRUE(eventually([&] {  // a busy machine may be late as well
    insert_rows(connection, 1);
    const Batch batch = must(relay.claim(10));
    return !batch.records.empty() && !batch.behind;
  }));
}

}  // namespace
}  // namespace outbox::test
