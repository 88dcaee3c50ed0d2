#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/testing/outbox_model.hpp"
#include "outbox/source.hpp"

namespace outbox {

// How a FakeSource takes part in a group of relays.
class FakeGroup {
 public:
  struct Share {
    int quota = 0;
    std::int64_t revision = 0;
    bool paused = false;
  };
  virtual ~FakeGroup() = default;
  [[nodiscard]] virtual Result<Share> share() = 0;
  // It has so many shards of its share.
  virtual void hold(const Share& share, int shards) = 0;
  [[nodiscard]] virtual Standing standing() const = 0;
  [[nodiscard]] virtual std::shared_ptr<const TopicNames> paused_topics() const = 0;
};

// One relay's connection to an OutboxModel: what was only read is forgotten by close and connect.
// Thread-safe.
class FakeSource final : public Source, public TransactionalSource {
 public:
  // With a model of its own, whose shards it takes all, and of whose changes it knows at once.
  FakeSource() : FakeSource(std::make_shared<OutboxModel>(), "relay") {}
  // Without a group as above. It is borrowed.
  FakeSource(std::shared_ptr<OutboxModel> model, std::string owner, FakeGroup* group = nullptr)
      : model_(std::move(model)), owner_(std::move(owner)), group_(group) {}

  [[nodiscard]] OutboxModel& model() { return *model_; }

  enum class Call : std::uint8_t {
    connect,
    claim,
    await_work,
    claim_exceptions,
    claim_due,
    settle,
    settled,
  };
  // Asked in each call, and with `settled` once a settlement is durable; an error becomes the
  // call's.
  using Fault = std::function<std::optional<Error>(Call)>;
  void set_fault(Fault fault);
  // Of claim_exceptions: more records than these are cut off.
  void limit_exception_records(std::size_t limit);

  // Read in this connection and not settled.
  [[nodiscard]] std::size_t unsettled_records() const;
  [[nodiscard]] std::size_t unsettled_batches() const;  // that have records
  [[nodiscard]] std::size_t connects() const;
  [[nodiscard]] bool connected() const;
  [[nodiscard]] OutboxModel::Fence fence() const;

  [[nodiscard]] Result<Exceptions> connect() override;
  void close() override;
  void leave() override;
  [[nodiscard]] Result<Batch> claim(std::size_t limit) override;
  [[nodiscard]] Result<void> await_work(std::chrono::milliseconds timeout,
                                        const std::stop_token& stop) override;
  [[nodiscard]] Result<Batch> claim_exceptions(std::span<const HeldRange> ranges,
                                               std::size_t limit_per_range) override;
  [[nodiscard]] Result<Batch> claim_due(std::size_t limit) override;
  [[nodiscard]] Standing standing() const override;
  [[nodiscard]] std::shared_ptr<const TopicNames> paused_topics() const override;
  [[nodiscard]] Result<void> settle(const Settlement& settlement) override;

  // Messages are sent in transactions. It is borrowed.
  void set_judge(TransactionJudge* judge) { judge_ = judge; }
  [[nodiscard]] TransactionScope transaction_scope() const override { return {"model", owner_}; }
  [[nodiscard]] Result<void> enlist(const TransactionSender& sender) override;
  [[nodiscard]] Result<PreparedTransaction> prepare(const Settlement& settlement) override;
  [[nodiscard]] Result<void> resolve(const Settlement& settlement) override;

 private:
  [[nodiscard]] Result<void> recover();
  // What the position passes with the batches up to `through`, and those batches' end.
  using Batches = std::map<std::uint64_t, std::vector<std::int64_t>>;
  [[nodiscard]] std::vector<std::int64_t> passed(std::uint64_t through, Batches::iterator& end);
  // Why the call fails, if it does.
  [[nodiscard]] std::optional<Error> fault(Call call);

  std::shared_ptr<OutboxModel> model_;
  std::string owner_;
  FakeGroup* group_;

  mutable std::mutex mutex_;
  Fault fault_;
  std::size_t exception_records_ = 1'000'000;
  bool connected_ = false;
  std::uint64_t incarnation_ = 0;  // of the database that it is connected to
  OutboxModel::Fence fence_;
  std::int64_t revision_ = 0;
  std::size_t commits_ = 0;             // that it has seen
  std::vector<std::int64_t> snapshot_;  // what is left of it, newest first
  std::uint64_t last_number_ = 0;
  Batches batches_;  // read and not passed
  TransactionJudge* judge_ = nullptr;
  std::string sender_;
  std::vector<std::string> retired_;
  std::vector<std::int64_t> prepared_;  // what the transaction's settlement passes
  std::size_t connects_ = 0;
};

}  // namespace outbox
