#include "tests/chaos/faults/disk_full.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <system_error>
#include <utility>

#include "tests/chaos/faults/descriptor.hpp"

namespace outbox::chaos {
namespace {

constexpr const char* kSource = "outbox-small-disk";  // in /proc/mounts
constexpr std::uint64_t kSmallest = 1U << 20U;
constexpr std::uint64_t kLargest = std::uint64_t{4} << 30U;

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& folder) {
  throw std::system_error(errno, std::generic_category(), "cannot " + what + " " + folder.string());
}

// Whether one of these disks is mounted there.
bool is_mounted(const std::filesystem::path& folder) {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string source;
    std::string where;
    if (words >> source >> where && source == kSource && where == folder) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool SmallDisk::available() {
  std::string name = std::filesystem::temp_directory_path() / "outbox-disk-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return false;
  }
  bool result = true;
  try {
    const SmallDisk probe(name, kSmallest);
  } catch (const std::system_error&) {
    result = false;
  }
  std::error_code ignored;
  std::filesystem::remove(name, ignored);
  return result;
}

SmallDisk::SmallDisk(const std::filesystem::path& folder, std::uint64_t size) {
  if (size < kSmallest || size > kLargest) {
    throw std::invalid_argument("a small disk has 1 MiB to 4 GiB, not " + std::to_string(size) +
                                " bytes");
  }
  std::filesystem::create_directories(folder);
  folder_ = std::filesystem::canonical(folder);
  if (is_mounted(folder_) && ::umount2(folder_.c_str(), MNT_DETACH) != 0) {
    fail("unmount what a killed run left on", folder_);
  }
  const std::string options = "mode=0700,size=" + std::to_string(size);
  if (::mount(kSource, folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    fail("mount a tmpfs on", folder_);
  }
}

SmallDisk::~SmallDisk() {
  ::umount2(folder_.c_str(), MNT_DETACH);
}

std::filesystem::path SmallDisk::filler() const {
  return folder_ / ".outbox-filler";
}

std::uint64_t SmallDisk::fill() {
  const Descriptor file(::open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.open() && errno != ENOSPC) {
    fail("fill", folder_);
  }
  constexpr std::array<char, 65'536> kZeros{};
  std::uint64_t taken = 0;
  while (file.open()) {
    const ssize_t written = ::write(file.get(), kZeros.data(), kZeros.size());
    if (written < 0 && errno != ENOSPC) {
      fail("fill", folder_);
    }
    if (written <= 0) {
      break;
    }
    taken += static_cast<std::uint64_t>(written);
  }
  return taken;
}

void SmallDisk::free() {
  std::filesystem::remove(filler());
}

std::uint64_t SmallDisk::bytes_left() const {
  struct statvfs status {};
  if (::statvfs(folder_.c_str(), &status) != 0) {
    fail("ask for the space of", folder_);
  }
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace outbox::chaos
