// C11's threads on pthreads, for the thread sanitizer: it watches pthreads, but glibc's
// thrd_create, mtx_lock and cnd_wait go past it. librdkafka uses them, so without this its threads
// crash the sanitizer and what they hand over looks like a race. Linked into every program of that
// build.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <pthread.h>
#include <threads.h>

namespace {

struct Start {
  thrd_start_t function;
  void* argument;
};

void* run(void* start) {
  const std::unique_ptr<Start> owned(static_cast<Start*>(start));
  const int result = owned->function(owned->argument);
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(result));
}

int outcome(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    case EBUSY:
      return thrd_busy;
    default:
      return thrd_error;
  }
}

// glibc gives both the same layout.
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));
pthread_mutex_t* as_pthread(mtx_t* mutex) {
  return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* as_pthread(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto start = std::make_unique<Start>(Start{function, argument});
  const int result = outcome(pthread_create(thread, nullptr, run, start.get()));
  if (result == thrd_success) static_cast<void>(start.release());  // the thread owns it
  return result;
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = nullptr;
  const int joined = outcome(pthread_join(thread, &returned));
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return joined;
}

int mtx_init(mtx_t* mutex, int type) noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  const bool recursive = (type & mtx_recursive) != 0;
  pthread_mutexattr_settype(&attributes,
                            recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
  const int result = outcome(pthread_mutex_init(as_pthread(mutex), &attributes));
  pthread_mutexattr_destroy(&attributes);
  return result;
}

int mtx_lock(mtx_t* mutex) {
  return outcome(pthread_mutex_lock(as_pthread(mutex)));
}

int mtx_unlock(mtx_t* mutex) noexcept {
  return outcome(pthread_mutex_unlock(as_pthread(mutex)));
}

void mtx_destroy(mtx_t* mutex) noexcept {
  pthread_mutex_destroy(as_pthread(mutex));
}

int cnd_init(cnd_t* condition) noexcept {
  return outcome(pthread_cond_init(as_pthread(condition), nullptr));
}

int cnd_signal(cnd_t* condition) noexcept {
  return outcome(pthread_cond_signal(as_pthread(condition)));
}

int cnd_broadcast(cnd_t* condition) noexcept {
  return outcome(pthread_cond_broadcast(as_pthread(condition)));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return outcome(pthread_cond_wait(as_pthread(condition), as_pthread(mutex)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return outcome(pthread_cond_timedwait(as_pthread(condition), as_pthread(mutex), until));
}

void cnd_destroy(cnd_t* condition) noexcept {
  pthread_cond_destroy(as_pthread(condition));
}

}  // extern "C"
