#include "sinks/http/transfer.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <fmt/format.h>

#include "sinks/http/address_guard.hpp"
#include "support/webhook/signature.hpp"

namespace outbox::http_sink {
namespace {

// What is read of an answer; then the connection is given up.
constexpr std::size_t kMostHeader = 64 * 1024;
constexpr std::size_t kMostBody = 4 * 1024;

void append(std::unique_ptr<curl_slist, ListDeleter>& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  // Every option and value is our own, so that all that can be missing is memory.
  if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) throw std::bad_alloc();
}

Transfer::Transfer(const HttpSettings& settings, const Endpoint& endpoint)
    : settings_(settings), endpoint_(endpoint), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
}

void Transfer::set_options() {
  // libcurl counts over a handle's whole life how often it found a kept connection closed, and
  // takes the sixth time for a failure. Only this sets it back (connections are kept).
  curl_easy_reset(easy_.get());
  set(CURLOPT_URL, settings_.url.reveal().c_str());
  set(CURLOPT_POST, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "outbox");
  set(CURLOPT_PRIVATE, this);
  set_limits();
  set_security();
  set_callbacks();
}

void Transfer::set_limits() {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.timeout.count()));
  set(CURLOPT_QUICK_EXIT, 1L);  // close need not wait for a name server
}

void Transfer::set_security() {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // whatever the environment says: a proxy would get around the guard
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings_.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

void Transfer::set_callbacks() {
  set(CURLOPT_ERRORBUFFER, problem_.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::begin(Message message) {
  message_ = std::move(message);
  answered_.reset();
  header_bytes_ = 0;
  body_.clear();
  refused_address_.clear();
  problem_[0] = '\0';

  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now())
          .time_since_epoch()
          .count();
  headers_.reset();
  append(headers_, fmt::format("webhook-id: {}", message_.id));
  append(headers_, fmt::format("webhook-timestamp: {}", now));
  if (!endpoint_.secrets.empty()) {
    append(headers_, "webhook-signature: " + webhook::sign_with_all(endpoint_.secrets, message_.id,
                                                                    now, message_.payload));
  }
  append(headers_, "Expect:");  // libcurl would ask before it sends a large body
  for (const auto& line : message_.headers) {
    append(headers_, line);
  }
  set_options();
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(message_.payload.size()));
  set(CURLOPT_POSTFIELDS, message_.payload.c_str());
}

Exchange Transfer::exchange(CURLcode code) const {
  Exchange exchange;
  exchange.code = code;
  exchange.body = body_;
  exchange.refused_address = refused_address_;
  if (code != CURLE_OK) {
    exchange.problem = problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code);
  }
  if (answered_) {
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &exchange.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
    exchange.retry_after = std::chrono::seconds(seconds);
  }
  return exchange;
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > kMostHeader) return 0;
  if (line == "\r\n" || line == "\n") {
    long status = 0;
    curl_easy_getinfo(transfer.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    // Informational answers come before the answer.
    if (status >= 200 && !transfer.answered_) transfer.answered_ = Clock::now();
  }
  return line.size();
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& body = static_cast<Transfer*>(self)->body_;
  const std::size_t taken = std::min(size * count, kMostBody - body.size());
  body.append(data, taken);
  return taken;  // less than there was: the transfer ends
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.settings_.allow_private_networks) {
    if (const auto network = non_public_network(address->addr)) {
      transfer.refused_address_ = fmt::format("{} ({})", numeric(address->addr), *network);
      return CURL_SOCKET_BAD;
    }
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace outbox::http_sink
