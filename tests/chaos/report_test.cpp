#include "tests/chaos/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outbox::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Report good() {
  Report report;
  report.seed = 7;
  report.verdict.committed = 100;
  report.verdict.delivered = 100;
  report.kills = 2;
  report.in_flight_bound = 10;
  report.drained = true;
  report.drain_s = 3;
  report.faults_by_class = {{"relay-sigkill", 2}, {"cut-broker", 1}};
  return report;
}

TEST(ChaosReport, a_good_run_breaks_nothing) {
  EXPECT_THAT(good().broken(), IsEmpty());
}

TEST(ChaosReport, duplicates_up_to_what_was_in_flight_at_each_interruption_are_allowed) {
  Report report = good();
  report.verdict.duplicates = 20;
  EXPECT_THAT(report.broken(), IsEmpty());
  report.verdict.duplicates = 21;
  EXPECT_THAT(report.broken(), ElementsAre("21 duplicates, more than 20"));
}

TEST(ChaosReport, exactly_once_allows_no_duplicate_whatever_was_interrupted) {
  Report report = good();
  report.exactly_once = true;
  report.in_flight_bound = 0;
  report.verdict.duplicates = 1;
  report.verdict.repeats = {"duplicate: key a n 1"};
  EXPECT_THAT(report.broken(), ElementsAre("1 duplicates, more than 0"));
  EXPECT_THAT(to_text(report), HasSubstr("duplicate: key a n 1"));
}

TEST(ChaosReport, every_broken_promise_is_named) {
  Report report = good();
  report.verdict.lost = 1;
  report.verdict.inversions = 2;
  report.epoch_regressions = 3;
  report.duplicate_effects = 4;
  report.drain_s = 31;
  EXPECT_THAT(report.broken(),
              ElementsAre(HasSubstr("lost"), HasSubstr("inversions"), HasSubstr("epoch"),
                          HasSubstr("duplicate effects"), HasSubstr("draining")));
}

TEST(ChaosReport, the_json_has_what_a_script_asks_for) {
  const auto json = nlohmann::json::parse(to_json(good()));
  EXPECT_EQ(json.at("committed"), 100);
  EXPECT_EQ(json.at("faults"), 3);
  EXPECT_EQ(json.at("fault_classes"), 2);
  EXPECT_EQ(json.at("faults_by_class").at("relay-sigkill"), 2);
  EXPECT_EQ(json.at("duplicates_bound"), 20);
  EXPECT_EQ(json.at("ok"), true);
}

TEST(ChaosReport, a_broken_promise_is_told_with_the_seed_to_run_again) {
  Report report = good();
  report.verdict.lost = 1;
  EXPECT_THAT(to_text(report), HasSubstr("again: ./dev chaos --seed 7"));
}

}  // namespace
}  // namespace outbox::chaos
