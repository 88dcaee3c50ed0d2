// Connections to MongoDB (or a server that speaks its protocol).
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mongoc/mongoc.h>

#include "inbox/mongo/bson.hpp"
#include "outbox/result.hpp"

namespace outbox::mongo {

struct Destroy {
  void operator()(mongoc_client_pool_t* pool) const noexcept { mongoc_client_pool_destroy(pool); }
  void operator()(mongoc_collection_t* c) const noexcept { mongoc_collection_destroy(c); }
  void operator()(mongoc_cursor_t* cursor) const noexcept { mongoc_cursor_destroy(cursor); }
  void operator()(mongoc_bulk_operation_t* bulk) const noexcept {
    mongoc_bulk_operation_destroy(bulk);
  }
  void operator()(mongoc_uri_t* uri) const noexcept { mongoc_uri_destroy(uri); }
  void operator()(mongoc_write_concern_t* c) const noexcept { mongoc_write_concern_destroy(c); }
};

template <class T>
using Owned = std::unique_ptr<T, Destroy>;

// A collection on a client that was taken from the pool and goes back. One thread.
class Collection {
 public:
  Collection(mongoc_client_pool_t* pool, mongoc_client_t* client, const std::string& database,
             const std::string& name);

  [[nodiscard]] mongoc_collection_t* get() const { return collection_.get(); }
  [[nodiscard]] mongoc_client_t* client() const { return client_.get(); }

  // The document of this _id; nullptr when there is none.
  [[nodiscard]] Result<std::unique_ptr<Bson>> find_by_id(std::string_view id) const;
  // The documents that `filter` matches; `options` as of the find command. Stops after the one with
  // which they reach `max_bytes`.
  [[nodiscard]] Result<std::vector<Bson>> find(
      const Bson& filter, const Bson& options,
      std::size_t max_bytes = std::numeric_limits<std::size_t>::max()) const;

 private:
  struct GiveBack {
    mongoc_client_pool_t* pool;
    void operator()(mongoc_client_t* client) const noexcept {
      mongoc_client_pool_push(pool, client);
    }
  };
  std::unique_ptr<mongoc_client_t, GiveBack> client_;
  Owned<mongoc_collection_t> collection_;  // goes before its client
};

struct ClientOptions {
  std::string uri = "mongodb://127.0.0.1:27017/";  // may hold a password: never log it
  std::string database = "outbox";
  // For each operation, unless the URI sets serverSelectionTimeoutMS or socketTimeoutMS.
  std::chrono::milliseconds server_selection_timeout{2'000};
  std::chrono::milliseconds socket_timeout{10'000};
  int max_connections = 16;
};

// A bounded pool of connections. Thread-safe. Writes are acknowledged when they are in the journal
// of a majority, unless the URI says otherwise (w, journal): with less, a server's crash can undo
// what was acknowledged.
class Client {
 public:
  // Connects to no server, but asks DNS for the servers of a mongodb+srv:// URI.
  // invalid_argument: the URI is malformed or asks for writes without acknowledgement, w=0 (it is
  // not quoted: it may hold a password). destination_unavailable: the client cannot be made, mostly
  // for the lack of an answer from DNS.
  [[nodiscard]] static Result<std::unique_ptr<Client>> create(const ClientOptions& options);

  // Waits while all connections are in use.
  [[nodiscard]] Collection collection(const std::string& name) const;

  [[nodiscard]] Result<void> ping() const;

 private:
  Client(Owned<mongoc_client_pool_t> pool, std::string database)
      : database_(std::move(database)), pool_(std::move(pool)) {}

  std::string database_;
  Owned<mongoc_client_pool_t> pool_;
};

// message_rejected where the server says that it will never take this command (too large, not
// allowed by its rules); destination_unavailable for everything else, since it may pass.
[[nodiscard]] Error to_error(const bson_error_t& error, std::string_view what);

}  // namespace outbox::mongo
