#include "support/pg/error.hpp"

#include <gtest/gtest.h>

namespace outbox::pg {
namespace {

TEST(SqlState, SaysWhatACallerCanDo) {
  EXPECT_EQ(code_of(SqlState{"23505"}), ErrorCode::conflict);
  EXPECT_EQ(code_of(SqlState{"42P01"}), ErrorCode::not_found);
  EXPECT_EQ(code_of(SqlState{"42601"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(SqlState{"57014"}), ErrorCode::timeout);
  EXPECT_EQ(code_of(SqlState{"57P01"}), ErrorCode::source_unavailable);
  EXPECT_EQ(code_of(SqlState{"25006"}), ErrorCode::source_unavailable);
  EXPECT_EQ(code_of(SqlState{"25P02"}), ErrorCode::conflict);
  EXPECT_EQ(code_of(SqlState{"XX000"}), ErrorCode::internal);
  EXPECT_EQ(code_of(SqlState{}), ErrorCode::internal);
}

TEST(SqlState, KeepsFiveCharactersAtMost) {
  EXPECT_EQ(SqlState{"1234567"}.view(), "12345");
  EXPECT_EQ(SqlState{}.view(), "");
}

}  // namespace
}  // namespace outbox::pg
