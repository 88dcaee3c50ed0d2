#include "tests/chaos/faults/disk_full.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/chaos/faults/descriptor.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::chaos {
namespace {

constexpr std::uint64_t kSize = 4U << 20U;

// 0, or the errno of writing a page.
int write_page(const std::filesystem::path& file) {
  const Descriptor opened(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const std::string page(4'096, 'x');
  return opened.open() && ::write(opened.get(), page.data(), page.size()) == 4'096 ? 0 : errno;
}

class SmallDiskTest : public ::testing::Test {
 protected:
  test::TemporaryFolder around_;
  std::filesystem::path folder_ = around_.path() / "disk";
};

TEST_F(SmallDiskTest, a_full_one_takes_no_write_until_it_is_freed) {
  if (!SmallDisk::available()) {
    EXPECT_THROW(SmallDisk(folder_, kSize), std::system_error);
    return;
  }
  SmallDisk disk(folder_, kSize);
  EXPECT_EQ(disk.bytes_left(), kSize);
  EXPECT_EQ(write_page(folder_ / "a"), 0);
  EXPECT_EQ(disk.fill(), kSize - 4'096);
  EXPECT_EQ(disk.bytes_left(), 0U);
  EXPECT_EQ(write_page(folder_ / "b"), ENOSPC);
  std::filesystem::remove(folder_ / "a");
  EXPECT_EQ(disk.fill(), 4'096U);
  EXPECT_EQ(write_page(folder_ / "b"), ENOSPC);
  disk.free();
  EXPECT_EQ(write_page(folder_ / "b"), 0);
  EXPECT_EQ(disk.bytes_left(), kSize - 4'096);
}

TEST_F(SmallDiskTest, goes_with_all_that_is_on_it_also_when_a_killed_run_left_it) {
  if (!SmallDisk::available()) {
    return;
  }
  auto left = std::make_unique<SmallDisk>(folder_, kSize);
  EXPECT_EQ(write_page(folder_ / "old"), 0);
  {
    const SmallDisk disk(folder_, kSize);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "old"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "old"));
  left.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SmallDiskTest, has_a_size_within_bounds) {
  EXPECT_THROW(SmallDisk(folder_, 1'000), std::invalid_argument);
  EXPECT_THROW(SmallDisk(folder_, std::uint64_t{5} << 30U), std::invalid_argument);
}

}  // namespace
}  // namespace outbox::chaos
