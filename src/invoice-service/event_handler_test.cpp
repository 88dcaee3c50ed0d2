#include "invoice-service/event_handler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "outbox/shard.hpp"
#include "support/telemetry/log.hpp"
#include "support/text/utf8.hpp"

namespace outbox::invoices {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Error away() {
  return {ErrorCode::destination_unavailable, "away"};
}

// An inbox and dead letters that remember what they got and fail on demand.
class FakeInbox final : public Inbox<InvoiceEffect> {
 public:
  std::vector<Result<InboxOutcome>> apply(std::span<const InvoiceMessage> messages) override {
    std::vector<Result<InboxOutcome>> outcomes;
    for (const auto& message : messages) {
      const auto* created = std::get_if<OrderCreated>(&message.effect);
      const std::string order_id = created != nullptr
                                       ? created->order_id
                                       : std::get<OrderCancelled>(message.effect).order_id;
      seen.push_back((created != nullptr ? "created " : "voided ") + order_id.substr(35));
      traceparents.push_back(message.traceparent);
      const bool again = std::find(known.begin(), known.end(), message.id) != known.end();
      if (order_id == unavailable) {
        outcomes.emplace_back(away());
      } else if (order_id == impossible) {
        outcomes.emplace_back(Error{ErrorCode::message_rejected, refusal});
      } else {
        outcomes.emplace_back(again ? InboxOutcome::duplicate : InboxOutcome::applied);
        known.push_back(message.id);
      }
    }
    return outcomes;
  }
  std::vector<std::string> seen;
  std::vector<std::optional<std::string>> traceparents;
  std::vector<Uuid> known;
  std::string unavailable;
  std::string impossible;
  std::string refusal = "it cannot be";
};

class FakeDeadLetters final : public DeadLetters {
 public:
  std::vector<Result<void>> send(std::span<const DeadLetter> letters) override {
    std::vector<Result<void>> outcomes;
    for (const auto& letter : letters) {
      if (is_away) {
        outcomes.emplace_back(away());
        continue;
      }
      sent.emplace_back(letter.record->offset, letter.reason);
      outcomes.emplace_back();
    }
    return outcomes;
  }
  bool is_away = false;
  std::vector<std::pair<std::int64_t, std::string>> sent;
};

class Spans final : public tracing::SpanSink {
 public:
  void submit(tracing::Span span) override { all.push_back(std::move(span)); }
  // The attribute of each, which all have as text.
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const {
    std::vector<std::string> found;
    for (const tracing::Span& span : all) {
      for (const auto& attribute : span.attributes) {
        if (attribute.name == name) found.push_back(std::get<std::string>(attribute.value));
      }
    }
    return found;
  }
  std::vector<tracing::Span> all;
};

constexpr const char* kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

PendingRecord traced(PendingRecord pending, const char* traceparent = kTraceparent) {
  pending.record.headers.emplace_back("traceparent", traceparent);
  return pending;
}

std::string order_id(int n) {
  return "0190aaaa-0000-7000-8000-00000000000" + std::to_string(n);
}

class EventHandlerTest : public ::testing::Test {
 protected:
  PendingRecord event(int order, const std::string& type, const std::string& payload) {
    const std::int64_t offset = next_offset_++;
    return {{"order-events",
             0,
             offset,
             order_id(order),
             payload,
             {{"id", Uuid::v7().to_string()}, {"ce_type", type}}},
            false,
            std::nullopt};
  }
  PendingRecord created(int order) {
    return event(order, "OrderCreated",
                 R"({"orderId":")" + order_id(order) +
                     R"(","currency":"EUR","items":[{"productId":"p","quantity":1,)"
                     R"("unitPrice":"1.00"}],"total":"1.00"})");
  }
  PendingRecord cancelled(int order) {
    return event(order, "OrderCancelled", R"({"orderId":")" + order_id(order) + "\"}");
  }
  PendingRecord garbage() { return event(9, "OrderCreated", "garbage"); }

  prometheus::Registry registry_;
  ConsumerMetrics metrics_{registry_};
  FakeInbox inbox_;
  FakeDeadLetters dead_letters_;
  EventHandler handler_{inbox_, metrics_};
  std::int64_t next_offset_ = 0;
};

TEST_F(EventHandlerTest, AppliesEffectsInTheirOrder) {
  std::vector<PendingRecord> records{created(1), created(2), cancelled(1)};
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(inbox_.seen, ElementsAre("created 1", "created 2", "voided 1"));
  EXPECT_THAT(finished_offsets(records), ElementsAre(Pair(Pair("order-events", 0), 3)));
}

TEST_F(EventHandlerTest, SkipsTypesThatItDoesNotKnow) {
  std::vector<PendingRecord> records{event(1, "OrderPainted", "anything"), created(1)};
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(inbox_.seen, ElementsAre("created 1"));
  EXPECT_THAT(dead_letters_.sent, IsEmpty());
  EXPECT_TRUE(records[0].done);
}

TEST_F(EventHandlerTest, WhatCannotBeReadGoesToTheDeadLettersAndStopsNothing) {
  std::vector<PendingRecord> records{garbage(), created(1), garbage(), created(2)};
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(inbox_.seen, ElementsAre("created 1", "created 2"));
  ASSERT_EQ(dead_letters_.sent.size(), 2U);
  EXPECT_EQ(dead_letters_.sent[0].first, 0);
  EXPECT_EQ(dead_letters_.sent[1].first, 2);
  EXPECT_THAT(dead_letters_.sent[0].second, ::testing::HasSubstr("not JSON"));
}

TEST_F(EventHandlerTest, AReasonIsShortHoweverLongItsCauseIs) {
  const std::string name(100'000, 'x');
  std::vector<PendingRecord> named{
      event(1, "OrderCreated", "{\"" + name + "\":1,\"" + name + "\":2}")};
  ASSERT_TRUE(handler_.handle(named, dead_letters_));
  EXPECT_LE(dead_letters_.sent.back().second.size(), 1'100U);

  inbox_.impossible = order_id(1);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    inbox_.refusal.assign(shift, 'x');
    for (int i = 0; i < 1'000; ++i)
      inbox_.refusal += "\U0001F600";
    std::vector<PendingRecord> refused{created(1)};
    ASSERT_TRUE(handler_.handle(refused, dead_letters_));
    const std::string& reason = dead_letters_.sent.back().second;
    EXPECT_LE(reason.size(), 1'100U);
    EXPECT_GT(reason.size(), 1'000U);
    EXPECT_TRUE(text::is_utf8(reason)) << shift;
  }
}

TEST_F(EventHandlerTest, AnEffectThatTheStateDoesNotAdmitGoesToTheDeadLetters) {
  inbox_.impossible = order_id(1);
  std::vector<PendingRecord> records{created(1), created(2)};
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  ASSERT_EQ(dead_letters_.sent.size(), 1U);
  EXPECT_EQ(dead_letters_.sent[0].second, "it cannot be");
  EXPECT_TRUE(records[0].done);
}

TEST_F(EventHandlerTest, WhileTheStoreIsAwayTheRecordStaysAndOthersAreNotRepeated) {
  inbox_.unavailable = order_id(2);
  std::vector<PendingRecord> records{created(1), created(2), created(3)};
  const auto handled = handler_.handle(records, dead_letters_);
  ASSERT_FALSE(handled);
  EXPECT_EQ(handled.error().code, ErrorCode::destination_unavailable);
  EXPECT_THAT(finished_offsets(records), ElementsAre(Pair(Pair("order-events", 0), 1)))
      << "the offset must not pass what is left";

  inbox_.unavailable.clear();
  inbox_.seen.clear();
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(inbox_.seen, ElementsAre("created 2"));
  EXPECT_THAT(finished_offsets(records), ElementsAre(Pair(Pair("order-events", 0), 3)));
}

TEST_F(EventHandlerTest, TheOffsetWaitsForTheDeadLettersAcknowledgement) {
  dead_letters_.is_away = true;
  std::vector<PendingRecord> records{created(1), garbage(), created(2)};
  ASSERT_FALSE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(finished_offsets(records), ElementsAre(Pair(Pair("order-events", 0), 1)));
  dead_letters_.is_away = false;
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_EQ(dead_letters_.sent.size(), 1U);
  EXPECT_THAT(inbox_.seen, ElementsAre("created 1", "created 2"));
}

TEST_F(EventHandlerTest, AMessageThatComesAgainIsDone) {
  std::vector<PendingRecord> once{created(1)};
  std::vector<PendingRecord> again = once;
  ASSERT_TRUE(handler_.handle(once, dead_letters_));
  ASSERT_TRUE(handler_.handle(again, dead_letters_));
  EXPECT_TRUE(again[0].done);
}

TEST_F(EventHandlerTest, WithoutDeadLettersARefusalIsLeftToTheCaller) {
  inbox_.impossible = order_id(2);
  std::vector<PendingRecord> records{garbage(), created(1), created(2)};
  ASSERT_TRUE(handler_.apply(records));
  EXPECT_FALSE(records[0].done);
  EXPECT_THAT(records[0].refusal.value_or(""), ::testing::HasSubstr("not JSON"));
  EXPECT_TRUE(records[1].done);
  EXPECT_FALSE(records[2].done);
  EXPECT_EQ(records[2].refusal, "it cannot be");
}

TEST_F(EventHandlerTest, EachOutcomeIsASpanOfTheMessagesTrace) {
  Spans spans;
  const EventSpans event_spans{spans, "invoice-group"};
  EventHandler handler{inbox_, metrics_, &event_spans};
  inbox_.impossible = order_id(3);
  std::vector<PendingRecord> records{traced(created(1)),   traced(event(1, "OrderPainted", "")),
                                     traced(cancelled(1)), traced(garbage()),
                                     traced(created(3)),   created(4)};
  records.push_back(records[0]);
  const std::int64_t begun = tracing::now_us();
  ASSERT_TRUE(handler.handle(records, dead_letters_));
  EXPECT_THAT(spans.texts("outbox.outcome"),
              ::testing::UnorderedElementsAre("created", "skipped", "voided", "refused", "refused",
                                              "duplicate"));
  EXPECT_THAT(spans.texts("messaging.destination.name"), ::testing::Each("order-events"));
  EXPECT_THAT(spans.texts("messaging.consumer.group.name"), ::testing::Each("invoice-group"));
  for (const tracing::Span& span : spans.all) {
    EXPECT_EQ(span.name, "process order-events");
    EXPECT_EQ(span.kind, tracing::SpanKind::consumer);
    EXPECT_EQ(tracing::to_hex(span.context.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(tracing::to_hex(span.parent), "00f067aa0ba902b7");
    EXPECT_GE(span.start_us, begun);
    EXPECT_GE(span.end_us, span.start_us);
  }
  const auto errors = std::count_if(spans.all.begin(), spans.all.end(),
                                    [](const auto& span) { return !span.error.empty(); });
  EXPECT_EQ(errors, 2);
}

TEST_F(EventHandlerTest, UnsampledAndMalformedTracesHaveNoSpans) {
  Spans spans;
  const EventSpans event_spans{spans, "invoice-group"};
  EventHandler handler{inbox_, metrics_, &event_spans};
  std::vector<PendingRecord> records{
      traced(created(1), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
      traced(created(2), "nonsense"), created(3)};
  ASSERT_TRUE(handler.handle(records, dead_letters_));
  EXPECT_THAT(spans.all, IsEmpty());
}

TEST_F(EventHandlerTest, TheInboxGetsTheTraceThatAMessageCameWith) {
  std::vector<PendingRecord> records{traced(created(1)), traced(created(2), "nonsense"),
                                     created(3)};
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  EXPECT_THAT(inbox_.traceparents, ElementsAre(kTraceparent, std::nullopt, std::nullopt));
}

TEST_F(EventHandlerTest, TheLineAboutADeadLetterNamesItsMessage) {
  std::vector<PendingRecord> records{traced(garbage())};
  const std::string id(*records[0].record.header("id"));
  ASSERT_TRUE(telemetry::init_log("info", "json"));
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(handler_.handle(records, dead_letters_));
  const auto line = nlohmann::json::parse(::testing::internal::GetCapturedStderr());
  ASSERT_TRUE(telemetry::init_log("info", "text"));
  EXPECT_EQ(line["message_id"], id);
  EXPECT_EQ(line["key"], order_id(9));
  EXPECT_EQ(line["shard"], shard_of(order_id(9)));
  EXPECT_EQ(line["topic"], "order-events");
  EXPECT_EQ(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST_F(EventHandlerTest, OffsetsAreKeptPerPartition) {
  std::vector<PendingRecord> records{created(1), created(2), created(3)};
  records[1].record.partition = 1;
  records[0].done = records[1].done = true;
  EXPECT_THAT(finished_offsets(records),
              ElementsAre(Pair(Pair("order-events", 0), 1), Pair(Pair("order-events", 1), 2)));
  records[0].done = false;
  EXPECT_THAT(finished_offsets(records), ElementsAre(Pair(Pair("order-events", 1), 2)));
}

}  // namespace
}  // namespace outbox::invoices
