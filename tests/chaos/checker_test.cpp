#include "tests/chaos/checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Builds a history; the id of a message follows from its key and n.
class Story {
 public:
  Story& commit(const std::string& key, std::int64_t n) {
    history_.committed.push_back({{key, n}, id_of(key, n)});
    return *this;
  }
  Story& commit_without_id(const std::string& key, std::int64_t n) {
    history_.committed.push_back({{key, n}, ""});
    return *this;
  }
  Story& record(const std::string& key, std::int64_t n, std::int32_t partition = 0) {
    return record_with_id(id_of(key, n), key, n, partition);
  }
  Story& record_with_id(const std::string& id, const std::string& key, std::int64_t n,
                        std::int32_t partition = 0) {
    history_.records.push_back({partition, next_offset_++, id, {key, n}});
    return *this;
  }
  Story& give_up(const std::string& key, std::int64_t n) {
    history_.given_up.insert({key, n});
    return *this;
  }
  [[nodiscard]] Verdict check() const { return chaos::check(history_); }

 private:
  static std::string id_of(const std::string& key, std::int64_t n) {
    return key + "/" + std::to_string(n);
  }

  History history_;
  std::int64_t next_offset_ = 0;
};

TEST(ChaosChecker, a_history_in_which_every_message_came_once_and_in_order_keeps_all_promises) {
  const Verdict verdict = Story()
                              .commit("a", 1)
                              .commit("b", 1)
                              .commit("a", 2)
                              .record("a", 1)
                              .record("a", 2)
                              .record("b", 1)
                              .check();
  EXPECT_TRUE(verdict.kept());
  EXPECT_EQ(verdict.committed, 3);
  EXPECT_EQ(verdict.delivered, 3);
  EXPECT_EQ(verdict.duplicates, 0);
  EXPECT_THAT(verdict.findings, IsEmpty());
}

TEST(ChaosChecker, a_committed_message_that_is_not_in_the_topic_is_lost) {
  const Verdict verdict = Story().commit("a", 1).commit("a", 2).record("a", 1).check();
  EXPECT_FALSE(verdict.kept());
  EXPECT_EQ(verdict.lost, 1);
  EXPECT_THAT(verdict.findings, ElementsAre(HasSubstr("lost: key a n 2")));
}

TEST(ChaosChecker, a_message_that_an_operator_sees_as_dead_is_not_lost) {
  const Verdict verdict =
      Story().commit("a", 1).commit("a", 2).record("a", 1).give_up("a", 2).check();
  EXPECT_TRUE(verdict.kept());
  EXPECT_EQ(verdict.given_up, 1);
}

TEST(ChaosChecker, a_record_that_nobody_committed_is_a_phantom) {
  const Verdict verdict = Story().commit("a", 1).record("a", 1).record("a", 2).check();
  EXPECT_FALSE(verdict.kept());
  EXPECT_EQ(verdict.phantom, 1);
  EXPECT_THAT(verdict.findings, ElementsAre(HasSubstr("key a n 2")));
}

// A transaction that rolled back had the number first; the record tells of that transaction.
TEST(ChaosChecker, a_record_with_the_number_but_not_the_id_of_a_committed_message_is_a_phantom) {
  const Verdict verdict =
      Story().commit("a", 1).record_with_id("other", "a", 1).record("a", 1).check();
  EXPECT_EQ(verdict.phantom, 1);
  EXPECT_EQ(verdict.delivered, 1);
}

TEST(ChaosChecker, a_message_whose_id_the_writer_does_not_know_is_told_by_its_number) {
  const Verdict verdict = Story().commit_without_id("a", 1).record("a", 1).check();
  EXPECT_TRUE(verdict.kept());
  EXPECT_EQ(verdict.delivered, 1);
}

TEST(ChaosChecker, a_message_that_first_comes_behind_a_later_one_of_its_key_is_an_inversion) {
  const Verdict verdict = Story()
                              .commit("a", 1)
                              .commit("a", 2)
                              .commit("a", 3)
                              .record("a", 1)
                              .record("a", 3)
                              .record("a", 2)
                              .check();
  EXPECT_FALSE(verdict.kept());
  EXPECT_EQ(verdict.inversions, 1);
  EXPECT_EQ(verdict.lost, 0);
  EXPECT_THAT(verdict.findings, ElementsAre(HasSubstr("n 2")));
}

TEST(ChaosChecker, every_message_that_was_overtaken_by_the_same_later_one_is_an_inversion) {
  const Verdict verdict = Story()
                              .commit("a", 1)
                              .commit("a", 2)
                              .commit("a", 3)
                              .record("a", 3)
                              .record("a", 1)
                              .record("a", 2)
                              .check();
  EXPECT_EQ(verdict.inversions, 2);
}

TEST(ChaosChecker, keys_have_no_order_between_them) {
  const Verdict verdict =
      Story().commit("a", 7).commit("b", 1).record("a", 7).record("b", 1).check();
  EXPECT_TRUE(verdict.kept());
}

// After a crash a relay sends a stretch again: what repeats is old, and its order is no matter.
TEST(ChaosChecker, a_stretch_that_is_sent_again_is_duplicates_and_no_inversion) {
  const Verdict verdict = Story()
                              .commit("a", 1)
                              .commit("a", 2)
                              .commit("a", 3)
                              .record("a", 1)
                              .record("a", 2)
                              .record("a", 1)
                              .record("a", 2)
                              .record("a", 3)
                              .check();
  EXPECT_TRUE(verdict.kept());
  EXPECT_EQ(verdict.duplicates, 2);
}

TEST(ChaosChecker, a_key_that_changes_its_partition_has_lost_its_order) {
  const Verdict verdict =
      Story().commit("a", 1).commit("a", 2).record("a", 1, 0).record("a", 2, 1).check();
  EXPECT_FALSE(verdict.kept());
  EXPECT_EQ(verdict.moved, 1);
}

TEST(ChaosChecker, findings_are_bounded) {
  Story story;
  for (std::int64_t n = 1; n <= 1'000; ++n) {
    story.commit("a", n);
  }
  const Verdict verdict = story.check();
  EXPECT_EQ(verdict.lost, 1'000);
  EXPECT_EQ(verdict.findings.size(), Verdict::kMaxFindings);
}

}  // namespace
}  // namespace outbox::chaos
