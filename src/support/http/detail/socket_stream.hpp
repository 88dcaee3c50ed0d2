// A connection's bytes, in the clear or by TLS.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

namespace outbox::http::detail {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// What Asio and Beast call an AsyncReadStream and AsyncWriteStream.
class SocketStream {
 public:
  using executor_type = tcp::socket::executor_type;
  using Tls = asio::ssl::stream<tcp::socket&>;
  template <class Token>
  using TransferResult =
      typename asio::async_result<std::decay_t<Token>, void(error_code, std::size_t)>::return_type;

  // `context`: null for a connection in the clear; else it must outlive the stream.
  SocketStream(tcp::socket socket, asio::ssl::context* context) : socket_(std::move(socket)) {
    if (context != nullptr) tls_.emplace(socket_, *context);
  }

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] tcp::socket& socket() { return socket_; }
  // Null for a connection in the clear.
  [[nodiscard]] Tls* tls() { return tls_ ? &*tls_ : nullptr; }

  template <class Buffers, class Token>
  TransferResult<Token> async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  TransferResult<Token> async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  tcp::socket socket_;
  std::optional<Tls> tls_;
};

}  // namespace outbox::http::detail
