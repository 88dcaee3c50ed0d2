#include "support/http_client/client.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include <curl/curl.h>

namespace outbox::http {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextDeleter {
  void operator()(char* text) const { curl_free(text); }
};

void initialize() {
  // Once in a process; thread-safe since C++11's static.
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialized);
}

std::string part_of(const std::string& url, CURLUPart part) {
  const std::unique_ptr<CURLU, UrlDeleter> parsed{curl_url()};
  char* text = nullptr;
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK) {
    return {};
  }
  const std::unique_ptr<char, TextDeleter> owned{text};
  std::string value{text};
  std::transform(value.begin(), value.end(), value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return value;
}

class Exchange {
 public:
  Exchange(const ClientRequest& request, const ClientOptions& options)
      : request_(request), options_(options), easy_(curl_easy_init()) {
    if (easy_ == nullptr) throw std::bad_alloc();
    set_request();
    set_limits();
  }
  Exchange(const Exchange&) = delete;  // libcurl keeps its address
  Exchange& operator=(const Exchange&) = delete;

  Result<ClientAnswer> run() {
    const CURLcode code = curl_easy_perform(easy_.get());
    if (code != CURLE_OK) return failure(code);
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    return std::move(answer_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    // Every option and value is our own, so that all that can be missing is memory.
    if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) throw std::bad_alloc();
  }

  void add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  void set_request() {
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    add_header("Expect:");  // libcurl would ask before it sends a large body
    for (const std::string& line : request_.headers)
      add_header(line);
    if (request_.body.empty()) add_header("Content-Type:");
    set(CURLOPT_HTTPHEADER, headers_.get());
    if (request_.method == "GET") return;
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }

  void set_limits() {
    set(CURLOPT_USERAGENT, "outbox");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) {
      set(CURLOPT_CAINFO, options_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set(CURLOPT_ERRORBUFFER, problem_.data());
    set(CURLOPT_WRITEFUNCTION, &Exchange::take_body);
    set(CURLOPT_WRITEDATA, this);
  }

  [[nodiscard]] Error failure(CURLcode code) const {
    if (too_long_) {
      return {ErrorCode::conflict,
              "the answer is longer than " + std::to_string(options_.max_answer) + " bytes"};
    }
    const std::string why = problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code);
    switch (code) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return {ErrorCode::invalid_argument, "this is not a URL of http or https"};
      case CURLE_OPERATION_TIMEDOUT:
        return {ErrorCode::timeout, why};
      default:
        return {ErrorCode::source_unavailable, why};
    }
  }

  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    std::string& body = exchange.answer_.body;
    if (body.size() + size * count > exchange.options_.max_answer) {
      exchange.too_long_ = true;
      return 0;
    }
    body.append(data, size * count);
    return size * count;
  }

  const ClientRequest& request_;
  const ClientOptions& options_;
  // Before the handle, which points to them.
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  ClientAnswer answer_;
  bool too_long_ = false;
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

}  // namespace

Result<ClientAnswer> fetch(const ClientRequest& request, const ClientOptions& options) {
  initialize();
  return Exchange{request, options}.run();
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 15U];
    }
  }
  return encoded;
}

std::string scheme_of(const std::string& url) {
  return part_of(url, CURLUPART_SCHEME);
}

std::string host_of(const std::string& url) {
  return part_of(url, CURLUPART_HOST);
}

}  // namespace outbox::http
