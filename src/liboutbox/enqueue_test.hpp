// What the tests of enqueue share.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "outbox/outbox.hpp"
#include "tests/support/test_database.hpp"

namespace outbox {

inline Message message_of(const std::string& key, const std::string& payload = "{}") {
  Message message;
  message.aggregate_type = "order";
  message.aggregate_id = key;
  message.type = "OrderCreated";
  message.payload = payload;
  return message;
}

class EnqueueTest : public testing::Test {
 protected:
  test::OutboxDatabase database_;
  pg::Connection connection_ = database_.connect();
  Transaction transaction_{connection_.raw()};
  Outbox outbox_;
};

}  // namespace outbox
