// The library that ClockShim has loaded into a process (LD_PRELOAD): the C library's functions that
// tell or take a time of the wall clock. It allocates nothing and takes no lock of its own.
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include "tests/chaos/faults/clock_page.hpp"

namespace {

using outbox::chaos::ClockPage;

// A deadline from 2001 on is the wall clock's: no machine has been up for 31 years.
constexpr time_t kNoUptime = 1'000'000'000;

ClockPage* map_page() {
  const char* const file = ::getenv(outbox::chaos::kClockFileVariable);
  if (file == nullptr) {
    return nullptr;
  }
  const int fd = ::open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return nullptr;
  }
  void* const page = ::mmap(nullptr, sizeof(ClockPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<ClockPage*>(page);
}

// Before the constructor has run, the clock is not moved.
ClockPage* page = nullptr;

__attribute__((constructor)) void begin() {
  const int before = errno;
  page = map_page();
  errno = before;
}

std::int64_t offset() {
  return page == nullptr ? 0 : page->offset_s.load(std::memory_order_relaxed);
}

bool is_wall_clock(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

// A time that a process is told.
void shift(time_t& seconds) {
  if (const std::int64_t by = offset(); by != 0) {
    seconds += by;
    page->shifted_calls.fetch_add(1, std::memory_order_relaxed);
  }
}

// A deadline of the process' wall clock, for the kernel, which knows only its own.
timespec unshifted(const timespec& deadline) {
  timespec result = deadline;
  if (deadline.tv_sec >= kNoUptime) {
    result.tv_sec -= offset();
  }
  return result;
}

// The function that this library stands before.
template <class Function>
Function* next(const char* name, Function* /*of the same type*/) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));  // NOLINT: POSIX's way
}

}  // namespace

// Each calls what it stands before, looked up once.
#define OUTBOX_NEXT(name) static auto* const real = next(#name, &::name)

// The parameters' names in the C library's headers are reserved for it.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  OUTBOX_NEXT(clock_gettime);
  const int result = real(clock, time);
  if (result == 0 && is_wall_clock(clock)) {
    shift(time->tv_sec);
  }
  return result;
}

int gettimeofday(timeval* __restrict time, void* __restrict zone) noexcept {
  OUTBOX_NEXT(gettimeofday);
  const int result = real(time, zone);
  if (result == 0) {
    shift(time->tv_sec);
  }
  return result;
}

time_t time(time_t* out) noexcept {
  OUTBOX_NEXT(time);
  time_t now = real(nullptr);
  shift(now);
  if (out != nullptr) {
    *out = now;
  }
  return now;
}

int timespec_get(timespec* time, int base) noexcept {
  OUTBOX_NEXT(timespec_get);
  const int result = real(time, base);
  if (result == TIME_UTC) {
    shift(time->tv_sec);
  }
  return result;
}

int pthread_cond_timedwait(pthread_cond_t* __restrict condition, pthread_mutex_t* __restrict mutex,
                           const timespec* __restrict deadline) {
  OUTBOX_NEXT(pthread_cond_timedwait);
  const timespec until = unshifted(*deadline);
  return real(condition, mutex, &until);
}

int pthread_cond_clockwait(pthread_cond_t* __restrict condition, pthread_mutex_t* __restrict mutex,
                           clockid_t clock, const timespec* __restrict deadline) {
  OUTBOX_NEXT(pthread_cond_clockwait);
  const timespec until = unshifted(*deadline);
  return real(condition, mutex, clock, &until);
}

int cnd_timedwait(cnd_t* __restrict condition, mtx_t* __restrict mutex,
                  const timespec* __restrict deadline) {
  OUTBOX_NEXT(cnd_timedwait);
  const timespec until = unshifted(*deadline);
  return real(condition, mutex, &until);
}

int mtx_timedlock(mtx_t* __restrict mutex, const timespec* __restrict deadline) {
  OUTBOX_NEXT(mtx_timedlock);
  const timespec until = unshifted(*deadline);
  return real(mutex, &until);
}

int pthread_mutex_timedlock(pthread_mutex_t* __restrict mutex,
                            const timespec* __restrict deadline) noexcept {
  OUTBOX_NEXT(pthread_mutex_timedlock);
  const timespec until = unshifted(*deadline);
  return real(mutex, &until);
}

int sem_timedwait(sem_t* __restrict semaphore, const timespec* __restrict deadline) {
  OUTBOX_NEXT(sem_timedwait);
  const timespec until = unshifted(*deadline);
  return real(semaphore, &until);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* rest) {
  OUTBOX_NEXT(clock_nanosleep);
  if (flags != TIMER_ABSTIME) {
    return real(clock, flags, time, rest);
  }
  const timespec until = unshifted(*time);
  return real(clock, flags, &until, rest);
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
