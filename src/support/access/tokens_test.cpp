#include "support/access/tokens.hpp"

#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "support/access/secret.hpp"
#include "support/access/token_list.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::access {
namespace {

using http::Role;
using std::chrono::seconds;

const std::string kDigest(64, 'a');

class TokensFile : public ::testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }
  [[nodiscard]] mode_t mode() const {
    struct stat status {};
    EXPECT_EQ(::stat(file_.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }
  [[nodiscard]] Result<void> add(const std::string& name, Role role = Role::viewer) const {
    return change_tokens(file_, [&](std::vector<Token>& tokens) -> Result<void> {
      tokens.push_back({name, role, sha256_hex(name)});
      return {};
    });
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "tokens";
};

TEST(Tokens, HaveAPrefixForScanners) {
  EXPECT_TRUE(new_token().starts_with("obx_"));
  EXPECT_NE(new_token(), new_token());
}

TEST(Tokens, NamesAreShortWords) {
  for (const char* name : {"alice", "alice@example.com", "ci-2_b"})
    EXPECT_TRUE(is_token_name(name)) << name;
  for (const std::string& name : {std::string(), std::string("a b"), std::string("#a"),
                                  std::string("a\n"), std::string(65, 'a'), std::string("é")})
    EXPECT_FALSE(is_token_name(name)) << name;
}

TEST(Tokens, AreReadLineByLine) {
  const auto tokens = parse_tokens("# people\n\nalice operator " + kDigest + "\n  bob  viewer\t" +
                                   kDigest + "\r\n");
  ASSERT_TRUE(tokens) << tokens.error().message;
  ASSERT_EQ(tokens->size(), 2);
  EXPECT_EQ(tokens->front().name, "alice");
  EXPECT_EQ(tokens->front().role, Role::operator_);
  EXPECT_EQ(tokens->front().sha256, kDigest);
  EXPECT_EQ(tokens->back().role, Role::viewer);
}

TEST(Tokens, AWrongLineIsNamedAndNotQuoted) {
  const std::string upper(64, 'A');
  for (const std::string& rest :
       {std::string(), std::string(" operator"), std::string(" operator obx_secret"),
        " admin " + kDigest, " operator " + kDigest + " more", "/x operator " + kDigest,
        " operator " + upper, " viewer " + kDigest + "\nalice operator " + kDigest}) {
    const std::string line = "alice" + rest;
    const auto tokens = parse_tokens("# 1\n" + line + "\n");
    ASSERT_FALSE(tokens) << line;
    EXPECT_NE(tokens.error().message.find("line "), std::string::npos);
    EXPECT_EQ(tokens.error().message.find("obx_secret"), std::string::npos);
  }
}

TEST_F(TokensFile, IsMadeForItsOwnerAlone) {
  ASSERT_TRUE(add("alice", Role::operator_));
  EXPECT_EQ(mode(), 0600U);
  ASSERT_TRUE(add("bob"));
  const auto tokens = read_tokens(file_);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->size(), 2);
}

TEST_F(TokensFile, KeepsTheReadersThatItHas) {
  ASSERT_TRUE(add("alice"));
  ::chmod(file_.c_str(), 0640);
  ASSERT_TRUE(add("bob"));
  EXPECT_EQ(mode(), 0640U);
}

TEST_F(TokensFile, StaysAsItIsWhenTheChangeIsRefused) {
  ASSERT_TRUE(add("alice"));
  const std::string before = content();
  const auto refused = change_tokens(file_, [](std::vector<Token>& tokens) -> Result<void> {
    tokens.clear();
    return Error{ErrorCode::not_found, "there is no bob"};
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(content(), before);
  write("nonsense\n");
  EXPECT_FALSE(add("bob"));
  EXPECT_EQ(content(), "nonsense\n");
}

TEST_F(TokensFile, ThatOthersMayWriteIsNotUsed) {
  ASSERT_TRUE(add("alice"));
  ::chmod(file_.c_str(), 0660);
  const auto tokens = read_tokens(file_);
  ASSERT_FALSE(tokens);
  EXPECT_NE(tokens.error().message.find("chmod go-w"), std::string::npos);
}

TEST_F(TokensFile, LosesNoChangeOfTwoAtOnce) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i)
          EXPECT_TRUE(add("name" + std::to_string(t) + "-" + std::to_string(i)));
      });
    }
  }
  const auto tokens = read_tokens(file_);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->size(), 40);
}

TEST_F(TokensFile, IsReadAgainAtMostOnceASecond) {
  TokenList list(file_);
  TokenList::TimePoint now{std::chrono::hours(1)};
  EXPECT_EQ(list.find(sha256_hex("alice"), now), nullptr);
  ASSERT_TRUE(add("alice", Role::operator_));
  EXPECT_EQ(list.find(sha256_hex("alice"), now + std::chrono::milliseconds(999)), nullptr);
  const Token* found = list.find(sha256_hex("alice"), now += seconds(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "alice");
  EXPECT_EQ(list.find(sha256_hex("bob"), now), nullptr);
}

TEST_F(TokensFile, ThatGoesAwayOrBreaksLetsNobodyIn) {
  ASSERT_TRUE(add("alice"));
  TokenList list(file_);
  TokenList::TimePoint now{std::chrono::hours(1)};
  EXPECT_NE(list.find(sha256_hex("alice"), now), nullptr);
  const std::string good = content();
  write(good + "nonsense\n");
  EXPECT_EQ(list.find(sha256_hex("alice"), now += seconds(1)), nullptr);
  write(good);
  EXPECT_NE(list.find(sha256_hex("alice"), now += seconds(1)), nullptr);
  std::filesystem::remove(file_);
  EXPECT_EQ(list.find(sha256_hex("alice"), now += seconds(1)), nullptr);
}

TEST_F(TokensFile, ThatCouldNotBeOpenedIsTriedAgain) {
  ASSERT_TRUE(add("alice"));
  TokenList list(file_);
  TokenList::TimePoint now{std::chrono::hours(1)};
  struct rlimit limit {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const struct rlimit none { 0, limit.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool found = list.find(sha256_hex("alice"), now) != nullptr;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_FALSE(found);
  EXPECT_NE(list.find(sha256_hex("alice"), now += seconds(1)), nullptr);
}

}  // namespace
}  // namespace outbox::access
