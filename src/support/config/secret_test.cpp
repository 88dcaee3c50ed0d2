#include "support/config/secret.hpp"

#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/telemetry/log.hpp"

namespace outbox::config {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

// What may be done with text and not with a secret.
static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(fmt::is_formattable<std::string>::value);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<std::string_view, Secret>);
static_assert(std::is_constructible_v<log::Field, std::string_view, std::string>);
static_assert(!std::is_constructible_v<log::Field, std::string_view, Secret>);
static_assert(std::is_constructible_v<nlohmann::json, std::string>);
static_assert(!std::is_constructible_v<nlohmann::json, Secret>);
// Nor does one become a secret that nobody meant.
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, IsRevealedWhereItIsAskedFor) {
  Secret secret;
  EXPECT_TRUE(secret.empty());
  secret = "hunter2";
  EXPECT_FALSE(secret.empty());
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_EQ(Secret{"hunter3"}.reveal(), "hunter3");
}

}  // namespace
}  // namespace outbox::config
