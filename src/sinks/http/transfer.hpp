// One request at a time on a libcurl handle that is used again.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <curl/curl.h>

#include "sinks/http/key_queues.hpp"
#include "sinks/http/outcome.hpp"
#include "sinks/http/settings.hpp"

namespace outbox::http_sink {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Not thread-safe.
class Transfer {
 public:
  using Clock = std::chrono::steady_clock;

  // Both must outlive the transfer. Throws std::bad_alloc when libcurl is out of memory.
  Transfer(const HttpSettings& settings, const Endpoint& endpoint);
  Transfer(const Transfer&) = delete;  // libcurl keeps its address
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const { return easy_.get(); }

  // Prepares the message's request, signed with the present time.
  void begin(Message message);
  // When the answer's header was complete.
  [[nodiscard]] std::optional<Clock::time_point> answered() const { return answered_; }
  // What came of it. `code` is libcurl's; CURLE_OK when the transfer was cut off after its header.
  [[nodiscard]] Exchange exchange(CURLcode code) const;
  // Gives up the message of a request that has ended.
  [[nodiscard]] Message take_message() { return std::move(message_); }

 private:
  void set_options();
  void set_limits();
  void set_security();
  void set_callbacks();
  template <class Value>
  void set(CURLoption option, Value value);

  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  const HttpSettings& settings_;
  const Endpoint& endpoint_;
  // Before the handle, which points to them.
  Message message_;
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::unique_ptr<CURL, EasyDeleter> easy_;

  std::optional<Clock::time_point> answered_;
  std::size_t header_bytes_ = 0;
  std::string body_;
  std::string refused_address_;
};

}  // namespace outbox::http_sink
