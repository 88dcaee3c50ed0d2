// A server that does what a test says, however wrong, with each connection.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <openssl/ssl.h>

namespace outbox::test {

// One connection, for the time of its script. A TLS server has done the handshake already.
class Peer {
 public:
  Peer(int socket, SSL* tls) : socket_(socket), tls_(tls) {}

  // The next request, header and body; empty when the peer has closed.
  [[nodiscard]] std::string read_request();
  // False when the peer has closed.
  bool write(std::string_view bytes);
  // Closes as a crash may: what is under way is lost.
  void reset();

 private:
  [[nodiscard]] bool fill();

  int socket_;
  SSL* tls_;
  std::string received_;
};

// Listens on 127.0.0.1 and runs the script for each connection, on a thread of its own.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  // With a certificate's folder (see make_certificate): a TLS server. Throws when it cannot listen.
  explicit ScriptedServer(Script script, const std::filesystem::path& certificate = {});
  ~ScriptedServer();  // breaks connections and waits for the scripts
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  struct TlsDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  void accept_all();
  void serve(int socket);

  Script script_;
  std::unique_ptr<SSL_CTX, TlsDeleter> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  bool closing_ = false;
  std::list<int> sockets_;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

// Makes key.pem and a self-signed cert.pem for the name ("IP:127.0.0.1", "DNS:example.com") in the
// folder, with the openssl program. Throws when that fails.
void make_certificate(const std::filesystem::path& folder, const std::string& name);

}  // namespace outbox::test
