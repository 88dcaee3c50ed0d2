#include "outboxctl/confirm.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Asked {
  Result<void> result;
  std::string question;
};

Asked ask(const std::string& typed, bool interactive, bool yes) {
  std::istringstream in{typed};
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err, interactive};
  Result<void> result = confirm(console, yes, "this discards 12 messages", "12");
  EXPECT_THAT(out.str(), IsEmpty()) << "results only";
  return {std::move(result), err.str()};
}

TEST(Confirm, GoesOnWhenTheAnswerWasTyped) {
  const Asked asked = ask("12\n", true, false);
  EXPECT_TRUE(asked.result);
  EXPECT_THAT(asked.question, HasSubstr("this discards 12 messages"));
}

TEST(Confirm, StopsAtAnyOtherAnswer) {
  for (const char* typed : {"yes\n", "", "\n", "13\n", "12 \n"}) {
    const Asked asked = ask(typed, true, false);
    ASSERT_FALSE(asked.result) << typed;
    EXPECT_EQ(asked.result.error().code, ErrorCode::conflict);
    EXPECT_THAT(asked.result.error().message, HasSubstr("nothing was changed"));
  }
}

TEST(Confirm, RefusesWhereNobodyCanBeAsked) {
  const Asked asked = ask("12\n", false, false);
  ASSERT_FALSE(asked.result);
  EXPECT_EQ(asked.result.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(asked.result.error().message, HasSubstr("--yes"));
  EXPECT_THAT(asked.question, IsEmpty());
}

TEST(Confirm, AsksNothingWithYes) {
  EXPECT_TRUE(ask("", false, true).result);
  EXPECT_TRUE(ask("", true, true).result);
  EXPECT_THAT(ask("", true, true).question, IsEmpty());
}

}  // namespace
}  // namespace outbox::ctl
