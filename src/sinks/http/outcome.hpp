// What an exchange with the destination means for its message.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "outbox/result.hpp"
#include "sinks/http/settings.hpp"

namespace outbox::http_sink {

// One request and what came of it.
struct Exchange {
  CURLcode code = CURLE_OK;
  long status = 0;   // of a complete header; 0: there was none
  std::string body;  // its beginning
  std::chrono::seconds retry_after{0};
  std::string problem;          // libcurl's words, when `code` is not CURLE_OK
  std::string refused_address;  // "10.0.0.1 (private)": not connected to, by the settings
};

struct Outcome {
  std::optional<Error> error;  // as in Delivery; none: delivered
  // The failure is not the one message's: others would meet it too.
  bool of_destination = false;
  std::chrono::milliseconds pause{0};  // that the destination asked for, within the settings' limit
};

// A status counts once its header is complete, whatever becomes of the body behind it.
[[nodiscard]] Outcome outcome_of(const Exchange& exchange, const Endpoint& endpoint,
                                 std::chrono::milliseconds max_retry_after);

}  // namespace outbox::http_sink
