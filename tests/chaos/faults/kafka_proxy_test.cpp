#include "tests/chaos/faults/kafka_proxy.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/chaos/faults/testing/echo_server.hpp"
#include "tests/support/eventually.hpp"

namespace outbox::chaos {
namespace {

using namespace std::chrono_literals;
using test::eventually;

std::string big_endian(std::uint32_t value, int bytes) {
  std::string result;
  for (int i = bytes - 1; i >= 0; --i) {
    result += static_cast<char>(value >> (8U * static_cast<unsigned>(i)) & 0xFFU);
  }
  return result;
}

constexpr std::uint32_t kProduce = 0;
constexpr std::uint32_t kMetadata = 3;
constexpr std::uint32_t kEndTxn = 26;

// A request whose echo is its own answer: an answer has its correlation id where a request has its
// kind and version, so both are the same here.
std::string request(std::uint32_t kind, std::uint32_t version, const std::string& body = "") {
  const std::string head = big_endian(kind << 16U | version, 4);
  return big_endian(static_cast<std::uint32_t>(8 + body.size()), 4) + head + head + body;
}

class KafkaProxyTest : public ::testing::Test {
 protected:
  // False when no answer comes within 200 ms.
  static bool answered(const Client& client, const std::string& frame) {
    client.send(frame);
    const std::string begin = client.receive_within(200ms);
    if (begin.empty()) {
      return false;
    }
    EXPECT_EQ(begin + client.receive(frame.size() - begin.size()), frame);
    return true;
  }

  EchoServer broker_;
  KafkaProxy proxy_{{}, broker_.endpoint()};
  Client client_{proxy_.network().listening()};
};

TEST_F(KafkaProxyTest, carries_frames_whole_however_they_are_cut) {
  const std::string frames = request(kProduce, 7, std::string(200'000, 'b')) +
                             request(kMetadata, 4) + request(kEndTxn, 1, "t");
  for (std::size_t at = 0; at < frames.size(); at += at < 60 ? 1 : 40'001) {
    client_.send(frames.substr(at, at < 60 ? 1 : 40'001));
  }
  EXPECT_EQ(client_.receive(frames.size()), frames);
  EXPECT_EQ(proxy_.counters().produce_requests, 1U);
  EXPECT_EQ(proxy_.counters().end_txn_requests, 1U);
}

TEST_F(KafkaProxyTest,
       a_dropped_produce_reply_resets_the_connection_after_the_broker_has_the_batch) {
  proxy_.drop_produce_replies(1, AfterDrop::reset);
  ASSERT_TRUE(answered(client_, request(kMetadata, 4)));
  EXPECT_EQ(proxy_.counters().produce_replies_dropped, 0U);
  const std::string batch = request(kProduce, 7, "batch");
  const std::size_t before = broker_.received();
  client_.send(batch);
  EXPECT_EQ(client_.receive_error(), ECONNRESET);
  EXPECT_EQ(broker_.received(), before + batch.size());
  EXPECT_EQ(proxy_.counters().produce_replies_dropped, 1U);
  EXPECT_EQ(proxy_.network().counters().connections_cut, 1U);
  const Client next(proxy_.network().listening());
  EXPECT_TRUE(answered(next, batch));
}

TEST_F(KafkaProxyTest, a_silenced_connection_answers_nothing_more_and_another_one_does) {
  proxy_.drop_produce_replies(1, AfterDrop::silence);
  EXPECT_FALSE(answered(client_, request(kProduce, 7, "first")));
  EXPECT_FALSE(answered(client_, request(kMetadata, 4)));
  EXPECT_FALSE(answered(client_, request(kProduce, 7, "second")));
  EXPECT_EQ(proxy_.counters().produce_replies_dropped, 2U);
  EXPECT_EQ(proxy_.network().connected(), 1U);
  const Client next(proxy_.network().listening());
  EXPECT_TRUE(answered(next, request(kProduce, 7, "third")));
  EXPECT_EQ(proxy_.counters().produce_replies_dropped, 2U);
}

TEST_F(KafkaProxyTest, a_delayed_end_txn_reaches_the_broker_late) {
  proxy_.delay_end_txn(Direction::to_server, 400ms);
  const std::string end = request(kEndTxn, 1, "commit");
  EXPECT_FALSE(answered(client_, end));
  EXPECT_EQ(broker_.received(), 0U);
  EXPECT_EQ(proxy_.counters().end_txn_delayed, 1U);
  EXPECT_EQ(client_.receive(end.size()), end);
}

TEST_F(KafkaProxyTest, a_delayed_end_txn_is_still_carried_out_when_its_client_has_gone) {
  proxy_.delay_end_txn(Direction::to_server, 200ms);
  const std::string end = request(kEndTxn, 1, "commit");
  client_.send(end);
  ASSERT_TRUE(eventually([&] { return proxy_.counters().end_txn_delayed == 1; }));
  client_.reset();
  EXPECT_TRUE(eventually([&] { return broker_.received() == end.size(); }));
}

TEST_F(KafkaProxyTest, the_answer_to_end_txn_may_be_late_instead) {
  proxy_.delay_end_txn(Direction::to_client, 400ms);
  const std::string end = request(kEndTxn, 1, "commit");
  EXPECT_FALSE(answered(client_, end));
  EXPECT_EQ(broker_.received(), end.size());
  EXPECT_EQ(client_.receive(end.size()), end);
  proxy_.heal();
  EXPECT_TRUE(answered(client_, end));
  EXPECT_EQ(proxy_.counters().end_txn_delayed, 1U);
  EXPECT_THROW(proxy_.delay_end_txn(Direction::to_client, 11min), std::invalid_argument);
}

TEST_F(KafkaProxyTest, resets_what_is_no_frame_of_kafka) {
  client_.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client_.receive_error(), ECONNRESET);
  EXPECT_EQ(broker_.received(), 0U);
}

}  // namespace
}  // namespace outbox::chaos
