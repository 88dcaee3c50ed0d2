// One small interface for the real source and for the wrong readers that the tests must catch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/test_database.hpp"

namespace outbox::test {

// A message as it was delivered. The writers number the messages of each key while they hold the
// key's row lock, so the version says in which order they belong.
struct Delivered {
  std::string key;
  int version = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;
  // Delivers what it finds new, in its order, and marks it as done. Throws when the database fails.
  virtual std::vector<Delivered> read() = 0;
};

using MakeReader = std::unique_ptr<Reader> (*)(const OutboxDatabase& database);

// The payload {"v": 12} of a message.
[[nodiscard]] int version_in(std::string_view payload);

}  // namespace outbox::test
