// Posts bodies to a collector, one after the other on a kept connection.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <curl/curl.h>

#include "outbox/result.hpp"
#include "support/tracing/collector.hpp"

namespace outbox::tracing {

// post belongs to one thread, end_by to any.
class Upload {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Upload(Collector collector);
  Upload(const Upload&) = delete;  // libcurl keeps its address
  Upload& operator=(const Upload&) = delete;

  // Waits for the answer, for the collector's timeout at most. An error when it is not 2xx; the
  // message has no secret.
  [[nodiscard]] Result<void> post(const std::string& body);

  // No post lasts beyond this time by more than a second.
  void end_by(Clock::time_point time) { end_ = time.time_since_epoch().count(); }

  [[nodiscard]] const std::string& url() const { return collector_.url; }

 private:
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  [[nodiscard]] bool add_header(const std::string& line);
  [[nodiscard]] bool set_options(const std::string& body);
  template <class Value>
  [[nodiscard]] bool set(CURLoption option, Value value) {
    return curl_easy_setopt(easy_.get(), option, value) == CURLE_OK;
  }

  static std::size_t drop_body(char* data, std::size_t size, std::size_t count, void* self);
  static int is_late(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  Collector collector_;
  std::atomic<Clock::rep> end_{Clock::time_point::max().time_since_epoch().count()};
  std::size_t answered_bytes_ = 0;
  // Before the handle, which points to them.
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

}  // namespace outbox::tracing
