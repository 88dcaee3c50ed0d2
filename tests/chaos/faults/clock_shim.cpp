#include "tests/chaos/faults/clock_shim.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "tests/chaos/faults/clock_page.hpp"
#include "tests/chaos/faults/descriptor.hpp"

namespace outbox::chaos {
namespace {

ClockPage* make_page(const std::filesystem::path& file) {
  const Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!made.open() || ::ftruncate(made.get(), sizeof(ClockPage)) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + file.string());
  }
  void* const page =
      ::mmap(nullptr, sizeof(ClockPage), PROT_READ | PROT_WRITE, MAP_SHARED, made.get(), 0);
  if (page == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "cannot map " + file.string());
  }
  return static_cast<ClockPage*>(page);
}

}  // namespace

ClockShim::ClockShim(std::filesystem::path file)
    : file_(std::move(file)), page_(make_page(file_)) {}

ClockShim::~ClockShim() {
  set_offset(std::chrono::seconds{0});
  ::munmap(page_, sizeof(ClockPage));
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::map<std::string, std::string> ClockShim::environment() const {
  return {{"LD_PRELOAD", OUTBOX_CLOCK_SHIM}, {kClockFileVariable, file_.string()}};
}

void ClockShim::set_offset(std::chrono::seconds offset) {
  page_->offset_s = offset.count();
}

std::uint64_t ClockShim::shifted_calls() const {
  return page_->shifted_calls;
}

}  // namespace outbox::chaos
