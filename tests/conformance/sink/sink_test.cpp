// The contract of Sink, run on every driver.
#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/sink/sink_driver.hpp"
#include "tests/conformance/sink/sink_harness.hpp"

namespace outbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Not;
using testing::Pair;

class SinkConformance : public testing::TestWithParam<SinkDriverFactory> {
 protected:
  std::unique_ptr<SinkDriver> driver_ = GetParam().make();

  static std::map<std::string, std::vector<std::string>> by_key(
      const std::vector<Received>& received) {
    std::map<std::string, std::vector<std::string>> result;
    for (const auto& one : received) {
      result[one.key].push_back(one.payload);
    }
    return result;
  }
};

// The first arrivals only.
std::vector<std::string> without_repetitions(const std::vector<std::string>& payloads) {
  std::vector<std::string> result;
  for (const auto& payload : payloads) {
    if (std::find(result.begin(), result.end(), payload) == result.end()) {
      result.push_back(payload);
    }
  }
  return result;
}

TEST_P(SinkConformance, DeliversKeyPayloadAndHeadersAsTheyAre) {
  Records records;
  const std::string bytes("\0\xff\xfe{\"a\":\"\\u0000'\"}", 17);
  records.add("k", bytes, R"({"trace":"1","text":"ü","none":null,"n":3,"nested":{"a":[1,true]}})");
  records.add("ключ", "x");
  records.add("k2", "");
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());

  const auto all = driver_->received();
  if (!all) return;
  auto received = *all;
  ASSERT_EQ(received.size(), 3U);
  std::sort(received.begin(), received.end(),
            [](const Received& a, const Received& b) { return a.key < b.key; });
  EXPECT_EQ(received[0].key, "k");
  EXPECT_EQ(received[0].payload, bytes);
  EXPECT_EQ(received[0].id, records.by_tag(1).id.to_string());
  EXPECT_THAT(received[0].headers, Contains(Pair("trace", "1")));
  EXPECT_THAT(received[0].headers, Contains(Pair("text", "ü")));
  if (driver_->has_null_headers()) {
    EXPECT_THAT(received[0].headers, Contains(Pair("none", std::nullopt)));
  } else {
    EXPECT_THAT(received[0].headers, Not(Contains(Pair("none", testing::_))));
  }
  EXPECT_THAT(received[0].headers, Contains(Pair("n", "3")));
  EXPECT_THAT(received[0].headers, Contains(Pair("nested", R"({"a":[1,true]})")));
  EXPECT_EQ(received[1].payload, "");
  EXPECT_EQ(received[2].key, "ключ");
  EXPECT_EQ(received[2].payload, "x");
}

TEST_P(SinkConformance, KeepsTheOrderOfEachKey) {
  Records records;
  std::map<std::string, std::vector<std::string>> expected;
  for (int i = 0; i < 5'000; ++i) {
    const std::string key = "key-" + std::to_string(i * 7 % 23);
    records.add(key, std::to_string(i));
    expected[key].push_back(std::to_string(i));
  }
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  const auto received = driver_->received();
  if (received) {
    EXPECT_EQ(by_key(*received), expected);
  }
}

TEST_P(SinkConformance, GivesEachAcceptedMessageExactlyOneDelivery) {
  Records records;
  for (int i = 0; i < 3'000; ++i) {
    records.add("key-" + std::to_string(i % 100), std::to_string(i));
  }
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  ASSERT_TRUE(harness.sink().flush(seconds(10)).ok());
  harness.take(milliseconds(0));
  auto tags = harness.delivered_tags();
  std::sort(tags.begin(), tags.end());
  ASSERT_EQ(tags.size(), 3'000U);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    ASSERT_EQ(tags[i], i + 1);
  }
}

TEST_P(SinkConformance, DeliveriesTellWhereTheMessageLies) {
  const bool has_offsets = driver_->make_sink({})->traits().has_offsets;
  Records records;
  for (int i = 0; i < 500; ++i) {
    records.add("key-" + std::to_string(i % 10), std::to_string(i));
  }
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> payloads;
  for (const auto& one : driver_->received().value_or(std::vector<Received>{})) {
    payloads[{one.partition, one.offset}] = one.payload;
  }
  for (const auto& delivery : harness.deliveries()) {
    ASSERT_FALSE(delivery.topic.empty());
    if (!has_offsets) {
      ASSERT_EQ(delivery.offset, -1);
      continue;
    }
    ASSERT_EQ((payloads[{delivery.partition, delivery.offset}]),
              records.by_tag(delivery.tag).payload);
  }
}

TEST_P(SinkConformance, RefusesWhatCanNeverBeSentAndGoesOn) {
  const auto oversize = driver_->oversize();
  if (!oversize) return;
  Records records;
  records.add("a", "1");
  records.add("b", std::string(*oversize, 'x'));
  records.add("c", "3", "[]");
  records.add("d", "4", "{broken");
  records.add("e", "5");
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  EXPECT_THAT(harness.delivered_tags(), testing::UnorderedElementsAre(1U, 5U));
  ASSERT_EQ(harness.refusals().size(), 3U);
  for (const auto& [tag, error] : harness.refusals()) {
    EXPECT_EQ(error.code, ErrorCode::message_rejected) << tag;
    EXPECT_FALSE(error.message.empty());
  }
  EXPECT_EQ(driver_->received().value().size(), 2U);
}

TEST_P(SinkConformance, AcceptsNoMoreThanItsBufferAndGoesOnWhenDeliveriesHaveCome) {
  constexpr std::size_t kBuffer = 100;
  Records records;
  for (int i = 0; i < 2'000; ++i) {
    records.add("key-" + std::to_string(i), std::to_string(i));
  }
  SinkHarness harness(driver_->make_sink({.buffer = kBuffer}));
  const auto first = harness.sink().send(records.all());
  harness.take(milliseconds(0));  // what was delivered during the send made room
  EXPECT_LE(first.accepted, kBuffer + harness.deliveries().size());
  EXPECT_GT(first.accepted, 0U);
  EXPECT_FALSE(first.rejected.has_value());
  harness.send(records.all().subspan(first.accepted));
  EXPECT_TRUE(harness.sink().flush(seconds(30)).ok());
  harness.take(milliseconds(0));
  EXPECT_EQ(harness.deliveries().size(), records.size());
  const auto received = driver_->received();
  if (received) {
    EXPECT_EQ(received->size(), records.size());
  }
}

TEST_P(SinkConformance, FlushWaitsForEveryDelivery) {
  Records records;
  for (int i = 0; i < 1'000; ++i) {
    records.add("key-" + std::to_string(i), "x");
  }
  SinkHarness harness(driver_->make_sink({}));
  EXPECT_TRUE(harness.sink().flush(milliseconds(0)).ok());
  harness.send(records.all());
  ASSERT_TRUE(harness.sink().flush(seconds(30)).ok());
  harness.take(milliseconds(0));
  EXPECT_EQ(harness.deliveries().size(), records.size());
}

TEST_P(SinkConformance, ALostDestinationTimesOutTheFlushAndCloseGivesNoDeliveries) {
  Records records;
  for (int i = 0; i < 10; ++i) {
    records.add("key-" + std::to_string(i), "x");
  }
  auto lost = driver_->make_lost_sink();
  if (!lost) return;
  SinkHarness harness(std::move(lost));
  const auto sent = harness.sink().send(records.all());
  EXPECT_EQ(sent.accepted, records.size());
  const auto flushed = harness.sink().flush(milliseconds(200));
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code, ErrorCode::timeout);
  EXPECT_FALSE(harness.sink().health().reachable);
  EXPECT_FALSE(harness.sink().health().detail.empty());
  harness.sink().close();
  harness.sink().close();
  harness.take(milliseconds(0));
  EXPECT_TRUE(harness.deliveries().empty());
}

TEST_P(SinkConformance, IsHealthyWhenMessagesArrive) {
  Records records;
  records.add("k", "x");
  SinkHarness harness(driver_->make_sink({}));
  harness.send(records.all());
  ASSERT_TRUE(harness.settle());
  EXPECT_TRUE(harness.sink().health().reachable);
}

TEST_P(SinkConformance, ConnectsAgainAfterItWasClosed) {
  Records records;
  records.add("k", "1");
  records.add("k", "2");
  auto sink = driver_->make_sink({});
  for (std::size_t i = 0; i < 2; ++i) {
    DeliveryQueue queue;
    ASSERT_TRUE(sink->connect(queue).ok());
    ASSERT_EQ(sink->send(records.all().subspan(i, 1)).accepted, 1U);
    ASSERT_TRUE(sink->flush(seconds(30)).ok());
    EXPECT_EQ(queue.wait(seconds(1)).size(), 1U);
    sink->close();
  }
  const auto received = driver_->received();
  if (received) {
    EXPECT_EQ(by_key(*received)["k"], (std::vector<std::string>{"1", "2"}));
  }
}

// What was told of each message of the key, and what lies where it was told to lie.
std::string account_of(const SinkHarness& harness, const Records& records,
                       const std::vector<Received>& received, const std::string& key) {
  std::ostringstream text;
  for (const auto& delivery : harness.deliveries()) {
    const Record& record = records.by_tag(delivery.tag);
    if (record.key != key) continue;
    text << "\n" << record.payload.substr(0, 20) << ": ";
    if (delivery.error) {
      text << delivery.error->message;
      continue;
    }
    text << "delivered at " << delivery.partition << "/" << delivery.offset;
    for (const auto& one : received) {
      if (one.partition == delivery.partition && one.offset == delivery.offset) {
        text << ", where " << one.key << " " << one.payload.substr(0, 20) << " lies";
      }
    }
  }
  return text.str();
}

// A refused message and what follows it, on a fresh sink and on one that has delivered before.
TEST_P(SinkConformance, NothingOvertakesARefusedMessageOfItsKey) {
  const auto refused_size = driver_->refused_size();
  if (!refused_size) return;
  for (const bool one_by_one : {true, false}) {
    for (const bool fresh : {true, false}) {
      const auto driver = GetParam().make();
      Records records;
      if (!fresh) records.add("guilty", "before");
      const auto guilty = records.add("guilty", std::string(*refused_size, 'x')).tag;
      for (int i = 0; i < 200; ++i) {
        records.add("guilty", "after-" + std::to_string(i));
        records.add("innocent-" + std::to_string(i % 5), std::to_string(i));
      }
      SinkHarness harness(driver->make_sink({.one_by_one = one_by_one}));
      if (!fresh) {
        harness.send(records.all().subspan(0, 1));
        ASSERT_TRUE(harness.settle());
      }
      ASSERT_TRUE(harness.relay(records));
      EXPECT_TRUE(harness.refusals().empty());

      const auto last = harness.of_tag(guilty).back();
      ASSERT_TRUE(last.error.has_value());
      EXPECT_EQ(last.error->code, ErrorCode::message_rejected) << last.error->message;
      const auto all = driver->received().value();
      auto received = by_key(all);
      const auto before = fresh ? std::vector<std::string>{} : std::vector<std::string>{"before"};
      EXPECT_EQ(without_repetitions(received["guilty"]), before)
          << "one_by_one " << one_by_one << " fresh " << fresh;
      for (int i = 0; i < 5; ++i) {
        std::vector<std::string> expected;
        for (int n = i; n < 200; n += 5) {
          expected.push_back(std::to_string(n));
        }
        const std::string key = "innocent-" + std::to_string(i);
        EXPECT_EQ(without_repetitions(received[key]), expected)
            << "one_by_one " << one_by_one << " fresh " << fresh
            << account_of(harness, records, all, key);
      }
    }
  }
}

// Blindly sent, as a relay does that has not seen the failure yet.
TEST_P(SinkConformance, AcceptedMessagesBehindARefusedOneAreNotDelivered) {
  const auto refused_size = driver_->refused_size();
  if (!refused_size) return;
  for (int round = 0; round < 10; ++round) {
    const auto driver = GetParam().make();
    Records records;
    records.add("k", std::string(*refused_size, 'x'));
    for (int i = 0; i < 50; ++i) {
      records.add("k", std::to_string(i));
    }
    SinkHarness harness(driver->make_sink({.one_by_one = true}));
    // Until the failure is seen, and no further.
    for (std::size_t next = 0; next < records.size();) {
      const auto sent = harness.sink().send(records.all().subspan(next));
      ASSERT_FALSE(sent.rejected.has_value());
      next += sent.accepted;
      harness.take(milliseconds(100));
      if (!harness.deliveries().empty()) break;
    }
    ASSERT_TRUE(harness.sink().flush(seconds(30)).ok());
    harness.take(milliseconds(0));
    EXPECT_TRUE(harness.delivered_tags().empty());
    EXPECT_TRUE(driver->received().value().empty());
  }
}

// So that the caller sees the failure before it sends what has to wait behind it.
TEST_P(SinkConformance, TheFirstSendAfterAFailedDeliveryAcceptsNothing) {
  const auto refused_size = driver_->refused_size();
  if (!refused_size) return;
  Records records;
  records.add("guilty", std::string(*refused_size, 'x'));
  records.add("innocent", "1");
  SinkHarness harness(driver_->make_sink({.one_by_one = true}));
  harness.send(records.all().subspan(0, 1));
  while (harness.deliveries().empty()) {
    harness.take(seconds(30));
  }
  ASSERT_TRUE(harness.deliveries()[0].error.has_value());
  const auto first = harness.sink().send(records.all().subspan(1));
  EXPECT_EQ(first.accepted, 0U);
  EXPECT_FALSE(first.rejected.has_value());
  harness.send(records.all().subspan(1));
  ASSERT_TRUE(harness.settle());
  EXPECT_THAT(harness.delivered_tags(), testing::ElementsAre(2U));
}

// Sent until the sink itself knows: first a delivery tells, later send may.
TEST_P(SinkConformance, ATopicThatRefusesEverythingHoldsUpItsOwnMessagesAlone) {
  const auto topic = driver_->refusing_topic();
  if (!topic) return;
  Records records;
  records.add("stuck", "1");
  records.add("other", "2");
  records.add("stuck", "3");
  std::vector<Record> all(records.all().begin(), records.all().end());
  all[0].topic = *topic;
  all[2].topic = *topic;
  SinkHarness harness(driver_->make_sink({}));
  for (int round = 0; round < 3; ++round) {
    harness.send(all);
    ASSERT_TRUE(harness.settle());
    ASSERT_EQ(harness.of_tag(2).size(), static_cast<std::size_t>(round) + 1);
  }
  for (const auto& delivery : harness.deliveries()) {
    if (delivery.tag == 2) {
      EXPECT_FALSE(delivery.error.has_value()) << delivery.error->message;
    } else {
      ASSERT_TRUE(delivery.error.has_value());
      EXPECT_EQ(delivery.error->code, ErrorCode::topic_unavailable) << delivery.error->message;
      EXPECT_THAT(delivery.error->message, testing::HasSubstr(*topic));
    }
  }
  EXPECT_FALSE(harness.of_tag(1).empty() && !harness.refusals().contains(1));
  for (const auto& [tag, error] : harness.refusals()) {
    EXPECT_NE(tag, 2U);
    EXPECT_EQ(error.code, ErrorCode::topic_unavailable) << error.message;
  }
  EXPECT_EQ(driver_->received().value().size(), 3U);
}

TEST_P(SinkConformance, SurvivesARestartOfItsDestination) {
  if (GetParam().make_restartable == nullptr) return;
  const auto driver = GetParam().make_restartable();
  Records records;
  std::map<std::string, std::vector<std::string>> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key-" + std::to_string(i % 50);
    records.add(key, std::to_string(i));
    expected[key].push_back(std::to_string(i));
  }
  SinkHarness harness(driver->make_sink({.buffer = 1'000}));
  harness.send(records.all().subspan(0, 5'000));
  driver->kill();
  std::jthread starter([&] {
    std::this_thread::sleep_for(seconds(1));  // an outage has a length
    driver->start();
  });
  ASSERT_TRUE(harness.relay(records, 5'000));
  starter.join();
  const auto received = driver->received().value();
  // Legal, and worth knowing.
  RecordProperty("repetitions", std::to_string(received.size() - records.size()));
  for (auto& [key, payloads] : by_key(received)) {
    EXPECT_EQ(without_repetitions(payloads), expected[key]) << key;
    expected.erase(key);
  }
  EXPECT_TRUE(expected.empty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, SinkConformance, testing::ValuesIn(all_sink_drivers()),
                         [](const auto& driver) { return driver.param.name; });

}  // namespace
}  // namespace outbox::test
