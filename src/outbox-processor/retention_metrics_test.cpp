#include "outbox-processor/retention_metrics.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox {
namespace {

using postgres_table::RetentionReport;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class RetentionMetricsTest : public testing::Test {
 protected:
  // What a run makes it log.
  std::string log_of(const Result<RetentionReport>& report) {
    CaptureStderr();
    retention_.ran(report);
    return GetCapturedStderr();
  }

  static RetentionReport quiet() {
    RetentionReport report;
    report.ahead = 8;
    return report;
  }

  telemetry::Metrics metrics_{"test"};
  RetentionMetrics retention_{metrics_};
};

TEST_F(RetentionMetricsTest, AQuietRunLogsNothing) {
  EXPECT_EQ(log_of(quiet()), "");
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_partitions_ahead 8\n"));
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_truncated_messages 0\n"));
}

TEST_F(RetentionMetricsTest, CountsWhatWasFreed) {
  RetentionReport report = quiet();
  report.freed = 2;
  EXPECT_THAT(log_of(report), HasSubstr("partitions_freed=2"));
  retention_.ran(report);
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_partitions_freed_total 4\n"));
}

TEST_F(RetentionMetricsTest, TruncatedMessagesRaiseTheAlarmOnce) {
  RetentionReport report = quiet();
  report.truncated = 7;
  EXPECT_THAT(log_of(report), HasSubstr("messages=7"));
  EXPECT_EQ(log_of(report), "");
  report.truncated = 9;
  EXPECT_THAT(log_of(report), HasSubstr("messages=2"));
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_truncated_messages 9\n"));
}

TEST_F(RetentionMetricsTest, FewPartitionsAheadRaiseTheAlarm) {
  RetentionReport report = quiet();
  report.ahead = 2;
  EXPECT_THAT(log_of(report), HasSubstr("partitions_ahead=2"));
}

TEST_F(RetentionMetricsTest, ARunOfAnotherRelayTellsNothing) {
  retention_.ran(quiet());
  RetentionReport report;
  report.elsewhere = true;
  EXPECT_EQ(log_of(report), "");
  EXPECT_THAT(metrics_.render(), HasSubstr("outbox_partitions_ahead 8\n"));
}

TEST_F(RetentionMetricsTest, AFailureIsLogged) {
  EXPECT_THAT(log_of(Error{ErrorCode::source_unavailable, "it is away"}), HasSubstr("it is away"));
}

}  // namespace
}  // namespace outbox
