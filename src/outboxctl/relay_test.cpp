// What operators do, as a relay that runs carries it out.
#include "core/relay.hpp"

#include <chrono>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/exponential_backoff.hpp"
#include "core/testing/recording_observer.hpp"
#include "outboxctl/outboxctl_fixture.hpp"
#include "sources/postgres_table/postgres_table_source.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using testing::HasSubstr;

// Delivers at once, except what holds the word "bad". Thread-safe.
class PickySink final : public Sink {
 public:
  [[nodiscard]] SinkTraits traits() const override { return {"picky", true, false}; }
  [[nodiscard]] std::string_view topic_of(const Record& message) override {
    return message.topic.empty() ? message.aggregate_type : message.topic;
  }
  Result<void> connect(DeliveryQueue& deliveries) override {
    deliveries_ = &deliveries;
    return {};
  }
  SendResult send(std::span<const Record> messages) override {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Record& message = messages[i];
      if (message.payload.find("bad") != std::string_view::npos) {
        return {i, Error{ErrorCode::message_rejected, "the word bad is in it"}};
      }
      arrived_ += std::to_string(message.seq) + std::string{message.payload} +
                  std::string{message.topic} + " ";
      headers_ = message.headers;
      Delivery delivery;
      delivery.tag = message.tag;
      delivery.topic = "orders";
      deliveries_->push({&delivery, 1});
    }
    return {messages.size(), std::nullopt};
  }
  Result<void> flush(std::chrono::milliseconds /*timeout*/) override { return {}; }
  void close() override {}
  [[nodiscard]] SinkHealth health() const override { return {true, ""}; }

  // "1{} 2{}": seq, payload and topic of each, in order.
  [[nodiscard]] std::string arrived() const {
    const std::lock_guard lock{mutex_};
    return arrived_;
  }
  // Of the last one.
  [[nodiscard]] std::string headers() const {
    const std::lock_guard lock{mutex_};
    return headers_;
  }

 private:
  mutable std::mutex mutex_;
  DeliveryQueue* deliveries_ = nullptr;
  std::string arrived_;
  std::string headers_;
};

// A relay that gives a message up after two attempts.
class RelayTest : public OutboxctlDatabaseTest {
 protected:
  ~RelayTest() override { stop(); }

  void start(PoisonAction action) {
    RelayOptions options;
    options.engine.poison = {action, 2};
    relay_.emplace(options, source_, sink_, backoff_, clock_, observer_);
    thread_ = std::jthread{[this](const std::stop_token& stop) {
      const Result<void> ended = relay_->run(stop);
      EXPECT_TRUE(ended) << ended.error().message;
    }};
  }
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  void write_payload(const std::string& key, const std::string& payload) {
    exec(
        "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
        "(gen_random_uuid(), 'order', '" +
        key + "', 'OrderPaid', '" + payload + "')");
  }
  bool has_dead(int count) {
    return eventually([&] {
      return value("select count(*) from outbox_exception where state = 'dead'") ==
             std::to_string(count);
    });
  }
  bool arrives(const std::string& messages) {
    return eventually([&] { return sink_.arrived() == messages; });
  }

  PostgresTableSource source_{source_options(database_.url())};
  PickySink sink_;
  ExponentialBackoff backoff_{{1ms, 20ms}, 1};
  SteadyClock clock_;
  RecordingObserver observer_;
  std::optional<Relay> relay_;
  std::jthread thread_;
};

TEST_F(RelayTest, AnEditedDeadLetterIsDeliveredAndWhatWaitedFollows) {
  write_payload("a", R"({"bad":1})");
  write_payload("a", "{}");
  write_payload("b", "{}");
  start(PoisonAction::park);
  ASSERT_TRUE(has_dead(1));
  ASSERT_TRUE(arrives("3{} "));
  const auto letter = outboxctl({"dead-letters", "export"}).json();
  EXPECT_EQ(letter["failures"].size(), 2U);

  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "payload";
  std::ofstream{file} << R"({"good":1})";
  const Outcome retried = outboxctl({"dead-letters", "retry", "1", "--payload", file});
  ASSERT_EQ(retried.code, ExitCode::ok) << retried.err;
  EXPECT_TRUE(arrives(R"(3{} 1{"good":1} 2{} )")) << sink_.arrived();
  EXPECT_TRUE(eventually([&] {
    return value("select count(*) from outbox_message where status = 'processed'") == "3";
  }));
  EXPECT_THAT(outboxctl({"trace", "1"}).out, HasSubstr("delivered"));
}

TEST_F(RelayTest, WhatWaitedGoesOnWhenTheDeadLetterIsDiscarded) {
  write_payload("a", R"({"bad":1})");
  write_payload("a", "{}");
  start(PoisonAction::park);
  ASSERT_TRUE(has_dead(1));
  ASSERT_EQ(outboxctl({"dead-letters", "discard", "1", "--yes"}).code, ExitCode::ok);
  EXPECT_TRUE(arrives("2{} ")) << sink_.arrived();
  EXPECT_EQ(value("select status from outbox_message where seq = 1"), "discarded");
}

TEST_F(RelayTest, AMessageThatIsTriedForEverIsDiscarded) {
  write_payload("a", R"({"bad":1})");
  write_payload("a", "{}");
  start(PoisonAction::block);
  ASSERT_TRUE(eventually(
      [&] { return value("select count(*) from outbox_attempt where attempt = 5") == "1"; }));
  ASSERT_EQ(outboxctl({"dead-letters", "discard", "1", "--yes"}).code, ExitCode::ok);
  EXPECT_TRUE(arrives("2{} ")) << sink_.arrived();
  EXPECT_EQ(value("select status from outbox_message where seq = 1"), "discarded");
}

TEST_F(RelayTest, ADeliveredMessageIsReplayedAsSuch) {
  write_payload("a", "{}");
  start(PoisonAction::park);
  ASSERT_TRUE(arrives("1{} "));
  ASSERT_TRUE(
      eventually([&] { return value("select status from outbox_message") == "processed"; }));
  const Outcome replayed = outboxctl({"replay", "--key", "a", "--topic", "again", "--yes"});
  ASSERT_EQ(replayed.out, "replayed 1 message\n") << replayed.err;
  EXPECT_TRUE(arrives("1{} 1{}again ")) << sink_.arrived();
  EXPECT_THAT(sink_.headers(), HasSubstr("\"outbox-replay\""));
  EXPECT_TRUE(eventually([&] { return value("select count(*) from outbox_exception") == "0"; }));
}

TEST_F(RelayTest, APausedRelaySendsNothingUntilItIsResumed) {
  start(PoisonAction::park);
  write_payload("a", "{}");
  ASSERT_TRUE(arrives("1{} "));
  ASSERT_EQ(outboxctl({"pause"}).code, ExitCode::ok);
  ASSERT_TRUE(eventually([&] { return source_.standing() == Standing::paused; }));
  write_payload("a", "{}");
  std::this_thread::sleep_for(500ms);  // nothing tells that nothing will come
  EXPECT_EQ(sink_.arrived(), "1{} ");
  ASSERT_EQ(outboxctl({"resume"}).code, ExitCode::ok);
  EXPECT_TRUE(arrives("1{} 2{} ")) << sink_.arrived();
}

TEST_F(RelayTest, APausedTopicWaitsAndAnotherGoesOn) {
  start(PoisonAction::park);
  ASSERT_TRUE(eventually([&] { return source_.standing() == Standing::owner; }));
  const Outcome paused = outboxctl({"pause", "--topic", "order"});
  ASSERT_EQ(paused.code, ExitCode::ok) << paused.err;
  EXPECT_THAT(paused.out, HasSubstr("topic order of outbox"));
  ASSERT_TRUE(eventually([&] { return source_.paused_topics() != nullptr; }));
  write_payload("a", "{}");
  write_payload("a", "{}");
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
      "(gen_random_uuid(), 'invoice', 'b', 'InvoiceSent', '{}')");
  ASSERT_TRUE(arrives("3{} ")) << sink_.arrived();
  EXPECT_EQ(json_of({"status"})["paused_topics"], "order");
  EXPECT_THAT(outboxctl({"shards"}).out, HasSubstr("topic order is paused"));
  ASSERT_TRUE(eventually([&] {
    return value("select last_error from outbox_exception where seq = 1") ==
           "paused by an operator";
  }));
  EXPECT_EQ(json_of({"resume", "--topic", "order"})["changed"], true);
  EXPECT_TRUE(arrives("3{} 1{} 2{} ")) << sink_.arrived();
  EXPECT_EQ(value("select count(*) from outbox_attempt"), "0");
  EXPECT_EQ(json_of({"status"})["paused_topics"], "");
}

TEST_F(RelayTest, APausedShardWaitsAndIsThenReleasedAndMoved) {
  start(PoisonAction::park);
  write_payload("a", "{}");
  ASSERT_TRUE(arrives("1{} "));
  const std::string shard = value("select shard from outbox");
  const auto owner = [&] { return value("select owner from outbox_shard where shard = " + shard); };
  ASSERT_EQ(outboxctl({"pause", "--shard", shard}).code, ExitCode::ok);
  ASSERT_TRUE(eventually([&] { return owner().empty(); }));
  write_payload("a", "{}");
  EXPECT_THAT(outboxctl({"shards"}).out, HasSubstr("nobody reads: " + shard));
  EXPECT_EQ(json_of({"status"})["pending"], 1);
  EXPECT_EQ(sink_.arrived(), "1{} ");
  ASSERT_EQ(outboxctl({"resume", "--shard", shard}).code, ExitCode::ok);
  EXPECT_TRUE(arrives("1{} 2{} ")) << sink_.arrived();

  EXPECT_EQ(json_of({"shards", "release", shard})["changed"], true);
  ASSERT_TRUE(eventually(
      [&] { return value("select count(*) from outbox_move where reason = 'released'") == "1"; }));
  ASSERT_TRUE(eventually([&] { return owner() == "test-relay"; }));
  EXPECT_EQ(outboxctl({"shards", "move", shard, "nobody"}).code, ExitCode::failed);
  EXPECT_EQ(json_of({"shards", "move", shard, "test-relay"})["changed"], true);
  const std::string text = outboxctl({"shards"}).out;
  EXPECT_THAT(text, HasSubstr("wanted by an operator at test-relay: " + shard));
  EXPECT_THAT(text, HasSubstr("released"));
}

}  // namespace
}  // namespace outbox::ctl
