// A MongoDB database for one test, dropped at its end.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "inbox/mongo/client.hpp"
#include "outbox/uuid.hpp"
#include "tests/support/environment.hpp"

namespace outbox::mongo {

class TestDatabase {
 public:
  // Throws unless OUTBOX_TEST_MONGO names a server.
  TestDatabase() : TestDatabase(test::require_env("OUTBOX_TEST_MONGO")) {}
  explicit TestDatabase(const std::string& uri) : uri_(uri) {
    ClientOptions options;
    options.uri = uri_;
    options.database = name_;
    auto created = Client::create(options);
    if (!created) throw std::runtime_error(created.error().message);
    client_ = std::move(created).value();
  }
  ~TestDatabase() {
    const Collection any = client_->collection("any");
    mongoc_database_t* database = mongoc_client_get_database(any.client(), name_.c_str());
    mongoc_database_drop(database, nullptr);
    mongoc_database_destroy(database);
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const Client& client() const { return *client_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& uri() const { return uri_; }

 private:
  std::string uri_;
  std::string name_ = "test_" + Uuid::v7().to_string();
  std::unique_ptr<Client> client_;
};

}  // namespace outbox::mongo
