// What a process under ClockShim sees: a line every 20 ms with the difference of each wall clock to
// the boot clock, in seconds, and how long waits of 30 ms took, in milliseconds.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <sys/time.h>
#include <thread>
#include <threads.h>

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr long kNanoseconds = 1'000'000'000;
constexpr auto kWait = 30ms;

long since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

// A wait that is notified by nobody.
template <class Wait>
long long measure(const Wait& wait) {
  const auto begun = steady_clock::now();
  wait();
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun).count();
}

timespec soon() {
  timespec until{};
  timespec_get(&until, TIME_UTC);
  until.tv_nsec += std::chrono::nanoseconds(kWait).count();
  until.tv_sec += until.tv_nsec / kNanoseconds;
  until.tv_nsec %= kNanoseconds;
  return until;
}

long long c11_wait() {
  cnd_t condition;
  mtx_t mutex;
  cnd_init(&condition);
  mtx_init(&mutex, mtx_plain);
  mtx_lock(&mutex);
  const timespec until = soon();
  const long long result = measure([&] { cnd_timedwait(&condition, &mutex, &until); });
  mtx_unlock(&mutex);
  return result;
}

template <class Clock>
long long cpp_wait() {
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  return measure([&] { condition.wait_until(lock, Clock::now() + kWait, [] { return false; }); });
}

// One that is notified, as a wrong version of the C library's function would miss.
long long notified_wait() {
  std::mutex mutex;
  std::condition_variable condition;
  bool ready = false;
  std::unique_lock lock(mutex);
  const std::jthread other([&] {
    const std::lock_guard locked(mutex);
    ready = true;
    condition.notify_all();
  });
  return measure(
      [&] { condition.wait_until(lock, system_clock::now() + 5s, [&] { return ready; }); });
}

}  // namespace

int main() {
  while (true) {
    timeval day{};
    gettimeofday(&day, nullptr);
    const timespec utc = soon();
    std::printf("%ld %ld %ld %ld %lld %lld %lld %lld\n",
                static_cast<long>(system_clock::to_time_t(system_clock::now())) - since_boot(),
                static_cast<long>(std::time(nullptr)) - since_boot(), day.tv_sec - since_boot(),
                utc.tv_sec - since_boot(), c11_wait(), cpp_wait<system_clock>(),
                cpp_wait<steady_clock>(), notified_wait());
    std::fflush(stdout);
    std::this_thread::sleep_for(20ms);
  }
}
