#include "tests/conformance/sink/http_sink_driver.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "sinks/http/http_sink.hpp"
#include "tests/support/http/webhook_receiver.hpp"

namespace outbox::test {
namespace {

constexpr std::size_t kSinkLimit = 500'000;      // bytes of a message, by the sink's own rule
constexpr std::size_t kReceiverLimit = 400'000;  // bytes of a body

std::unique_ptr<Sink> make_http_sink(const std::string& url, const SinkSettings& settings) {
  http_sink::HttpSettings http;
  http.url = url;
  http.max_buffered_messages = static_cast<std::int64_t>(settings.buffer);
  http.max_buffered_bytes = kSinkLimit;
  http.allow_private_networks = true;
  return std::make_unique<http_sink::HttpSink>(std::move(http));
}

// Takes connections and never answers.
class MuteServer {
 public:
  MuteServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 128) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      throw std::runtime_error("no socket to listen on");
    }
    port_ = ntohs(address.sin_port);
  }
  ~MuteServer() { ::close(socket_); }
  MuteServer(const MuteServer&) = delete;
  MuteServer& operator=(const MuteServer&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/events";
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

// CloudEvents' percent-encoding.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned byte = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

class HttpSinkDriver final : public RestartableSinkDriver {
 public:
  std::unique_ptr<Sink> make_sink(const SinkSettings& settings) override {
    return make_http_sink(receiver_.url(), settings);
  }
  std::unique_ptr<Sink> make_lost_sink() override { return make_http_sink(mute_.url(), {}); }

  std::optional<std::vector<Received>> received() override {
    std::vector<Received> result;
    for (auto& request : receiver_.received()) {
      Received one;
      one.key = decoded(request.headers.find("ce-subject").value_or(""));
      one.payload = std::move(request.body);
      one.id = request.headers.find("webhook-id").value_or("");
      for (const auto& [name, value] : request.headers.all()) {
        one.headers.emplace_back(name, value);
      }
      result.push_back(std::move(one));
    }
    return result;
  }

  std::optional<std::size_t> oversize() const override { return kSinkLimit + 1; }
  std::optional<std::size_t> refused_size() const override { return kReceiverLimit + 1; }
  std::optional<std::string> refusing_topic() override { return std::nullopt; }
  bool has_null_headers() const override { return false; }
  void kill() override { receiver_.kill(); }
  void start() override { receiver_.start(); }

 private:
  WebhookReceiver receiver_{kReceiverLimit};
  MuteServer mute_;
};

}  // namespace

SinkDriverFactory http_sink_driver() {
  return {"Http",
          []() -> std::unique_ptr<SinkDriver> { return std::make_unique<HttpSinkDriver>(); },
          []() -> std::unique_ptr<RestartableSinkDriver> {
            return std::make_unique<HttpSinkDriver>();
          }};
}

}  // namespace outbox::test
