#include "support/tracing/upload.hpp"

#include <new>
#include <utility>

#include <fmt/format.h>

namespace outbox::tracing {
namespace {

// Of an answer; a collector that says more is cut off.
constexpr std::size_t kMostBody = 64 * 1024;

}  // namespace

Upload::Upload(Collector collector) : collector_(std::move(collector)) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized == CURLE_OK) easy_.reset(curl_easy_init());
  bool whole = easy_ != nullptr && add_header("Content-Type: application/json");
  whole = whole && add_header("Expect:");  // libcurl would ask before it sends a large body
  for (const config::Secret& header : collector_.headers)
    whole = whole && add_header(header.reveal());
  if (!whole) throw std::bad_alloc();
}

bool Upload::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(headers_.release());
  headers_.reset(longer);
  return true;
}

// Connections are kept by the handle over a reset, which sets back what libcurl counts of them.
bool Upload::set_options(const std::string& body) {
  curl_easy_reset(easy_.get());
  const auto timeout = static_cast<long>(collector_.timeout.count());
  const bool request = set(CURLOPT_URL, collector_.url.c_str()) && set(CURLOPT_POST, 1L) &&
                       set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
                       set(CURLOPT_USERAGENT, "outbox") &&
                       set(CURLOPT_HTTPHEADER, headers_.get()) &&
                       set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size())) &&
                       set(CURLOPT_POSTFIELDS, body.c_str());
  const bool limits = set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_CONNECTTIMEOUT_MS, timeout) &&
                      set(CURLOPT_TIMEOUT_MS, timeout) &&
                      set(CURLOPT_QUICK_EXIT, 1L);  // the end need not wait for a name server
  const bool security =
      set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_FOLLOWLOCATION, 0L) &&
      set(CURLOPT_PROXY, "") &&  // the headers are for the collector alone
      set(CURLOPT_SSL_VERIFYPEER, 1L) && set(CURLOPT_SSL_VERIFYHOST, 2L) &&
      set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
      (collector_.ca_file.empty() || (set(CURLOPT_CAINFO, collector_.ca_file.c_str()) &&
                                      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr))));
  const bool callbacks =
      set(CURLOPT_ERRORBUFFER, problem_.data()) && set(CURLOPT_WRITEFUNCTION, &Upload::drop_body) &&
      set(CURLOPT_WRITEDATA, this) && set(CURLOPT_XFERINFOFUNCTION, &Upload::is_late) &&
      set(CURLOPT_XFERINFODATA, this) && set(CURLOPT_NOPROGRESS, 0L);
  return request && limits && security && callbacks;
}

Result<void> Upload::post(const std::string& body) {
  if (!set_options(body)) return Error{ErrorCode::internal, "libcurl is out of memory"};
  problem_[0] = '\0';
  answered_bytes_ = 0;
  const CURLcode code = curl_easy_perform(easy_.get());
  if (code != CURLE_OK) {
    return Error{ErrorCode::destination_unavailable,
                 problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code)};
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return {};
  return Error{ErrorCode::destination_unavailable, fmt::format("it answers {}", status)};
}

std::size_t Upload::drop_body(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto& read = static_cast<Upload*>(self)->answered_bytes_;
  read += size * count;
  return read <= kMostBody ? size * count : 0;
}

// libcurl asks about once a second.
int Upload::is_late(void* self, curl_off_t /*download*/, curl_off_t /*downloaded*/,
                    curl_off_t /*upload*/, curl_off_t /*uploaded*/) {
  const auto end = static_cast<Upload*>(self)->end_.load();
  return Clock::now().time_since_epoch().count() >= end ? 1 : 0;
}

}  // namespace outbox::tracing
