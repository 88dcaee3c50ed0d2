#include "sources/postgres_table/wal_position.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace outbox::postgres_table {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Snapshot snapshot(const std::string& text) {
  return *Snapshot::parse(text);
}

// The log's end moves by ten with each mark, as it does with whatever else the server writes.
class WalPositionTest : public testing::Test {
 protected:
  // Nothing else has come, up to the end of the newest mark.
  void read_nothing() { move({}); }

  void read_row_of(std::uint64_t xid) {
    newest_xid_ = xid;
    Batch batch;
    batch.records.emplace_back();
    move(std::move(batch));
  }

  void move(Batch batch) {
    EXPECT_TRUE(position_.move({std::move(batch), end_, 0, {newest_xid_}}, now_).ok());
  }

  std::string shown_ = "100:100:";
  int marks_ = 0;
  postgres_wal::Lsn end_ = 1000;
  std::uint64_t newest_xid_ = 0;
  WalPosition::Clock::time_point now_{std::chrono::hours{1}};
  WalPosition position_{{snapshot("100:100:"), std::nullopt, 0, 900}, [this] {
                          ++marks_;
                          end_ += 10;
                          return Result<WalPosition::Mark>{{snapshot(shown_), end_}};
                        }};
};

TEST_F(WalPositionTest, PassesASnapshotWhenTheLogWasReadUpToItsMark) {
  read_row_of(100);
  now_ += seconds{2};
  shown_ = "101:101:";
  read_nothing();
  EXPECT_EQ(position_.at().from.text, "100:100:");
  read_nothing();
  EXPECT_EQ(position_.at().from.text, "101:101:");
  EXPECT_EQ(position_.at().lsn, end_);
}

TEST_F(WalPositionTest, GoesOnMarkingUntilASnapshotSeesWhatWasRead) {
  read_row_of(100);  // it is in the log, and snapshots do not show it yet
  for (const char* shown : {"100:100:", "100:103:100"}) {
    shown_ = shown;
    now_ += seconds{2};
    read_nothing();
    read_nothing();
    EXPECT_EQ(position_.at().from.text, shown);
  }
  shown_ = "103:103:";
  now_ += seconds{2};
  read_nothing();
  read_nothing();
  EXPECT_EQ(position_.at().from.text, "103:103:");
}

TEST_F(WalPositionTest, MarksNoMoreWhenASnapshotHasSeenWhatWasRead) {
  read_row_of(100);
  shown_ = "101:105:101";  // what is open is younger
  now_ += seconds{2};
  read_nothing();
  const int marks = marks_;
  for (int i = 0; i < 10; ++i) {
    now_ += seconds{2};
    read_nothing();
  }
  EXPECT_EQ(marks_, marks);
}

TEST_F(WalPositionTest, MarksOnceASecondWhileAnOlderTransactionStaysOpen) {
  read_row_of(101);
  shown_ = "100:105:100";
  for (int i = 0; i < 300; ++i) {  // three seconds
    read_nothing();
    now_ += milliseconds{10};
  }
  EXPECT_GE(marks_, 3);
  EXPECT_LE(marks_, 4);
}

TEST_F(WalPositionTest, SeesAfterARestartWhatTheReaderBeforeHadNotSeen) {
  shown_ = "105:105:";
  read_nothing();
  read_nothing();
  EXPECT_EQ(position_.at().from.text, "105:105:");
}

}  // namespace
}  // namespace outbox::postgres_table
