#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/testing/fake_destination.hpp"
#include "core/testing/records.hpp"
#include "outbox/sink.hpp"
#include "outbox/transaction.hpp"

namespace outbox {

// Where transactions are decided: what was sent in one arrives when it is committed, all of it or
// nothing, and nothing of a sender that was fenced. One thread.
class FakeCoordinator {
 public:
  explicit FakeCoordinator(std::shared_ptr<FakeDestination> destination)
      : destination_(std::move(destination)) {}

  void begin(const std::string& sender) { senders_[sender]; }
  void stage(const std::string& sender, const SeqAndKey& row);
  // False: the sender was fenced.
  bool commit(const std::string& sender, const PreparedTransaction& transaction);
  // The request is under way and its answer lost: it takes effect by `arrive_late`, or never.
  void commit_later(const std::string& sender, const PreparedTransaction& transaction);
  // True: one was committed.
  bool arrive_late();
  void abort(const std::string& sender);
  void fence(const std::string& sender);
  [[nodiscard]] CommittedTransactions committed() const;

 private:
  struct Sender {
    std::vector<SeqAndKey> staged;
    bool fenced = false;
    std::int64_t number = 0;  // committed
    bool retired = false;
  };

  std::shared_ptr<FakeDestination> destination_;
  std::map<std::string, Sender> senders_;
  std::deque<std::pair<std::string, PreparedTransaction>> late_;
};

// The transactions of a FakeSink whose destination is `staging()`.
class FakeTransactionalSink final : public TransactionalSink {
 public:
  enum class Fate : std::uint8_t { commits, aborts, answer_lost, late, never };

  FakeTransactionalSink(std::shared_ptr<FakeCoordinator> coordinator, std::string name);

  // What the sink of the messages delivers to.
  [[nodiscard]] const std::shared_ptr<FakeDestination>& staging() const { return staging_; }
  // Asked before each commit.
  void set_fate(std::function<Fate()> fate) { fate_ = std::move(fate); }
  // Whether an abort reaches the destination.
  void set_abort_fails(std::function<bool()> fails) { abort_fails_ = std::move(fails); }
  // The sink forgets what it has accepted.
  void on_reset(std::function<void()> reset) { reset_ = std::move(reset); }

  void accepted(const Record& record) { seqs_[record.tag] = record.seq; }
  // Takes out what was not delivered, and keeps why.
  void keep_failures(std::vector<Delivery>& deliveries);
  // Why a message is refused at once: what its last transaction was spoilt by.
  [[nodiscard]] std::optional<Error> refusal(std::int64_t seq);

  [[nodiscard]] Result<TransactionSender> open(const TransactionScope& scope) override;
  [[nodiscard]] Result<void> begin() override { return {}; }
  [[nodiscard]] std::optional<Error> problem() const override { return problem_; }
  [[nodiscard]] Result<void> commit(const PreparedTransaction& transaction) override;
  [[nodiscard]] bool is_stale() const override { return false; }
  void abandon() override;

 private:
  std::shared_ptr<FakeCoordinator> coordinator_;
  std::string name_;
  // Of the sender that is open; the staged messages of an earlier one go to that one.
  std::shared_ptr<std::string> sender_ = std::make_shared<std::string>();
  std::shared_ptr<FakeDestination> staging_ = std::make_shared<FakeDestination>();
  std::function<Fate()> fate_;
  std::function<bool()> abort_fails_;
  std::function<void()> reset_;
  int opened_ = 0;
  bool unknown_ = false;  // how the last commit ended
  std::optional<Error> problem_;
  std::unordered_map<std::uint64_t, std::int64_t> seqs_;  // by tag
  std::unordered_map<std::int64_t, Error> refusals_;
};

// Asks the coordinator. `fault` has an error, which becomes the call's, or nothing.
class FakeJudge final : public TransactionJudge {
 public:
  FakeJudge(std::shared_ptr<FakeCoordinator> coordinator,
            std::function<std::optional<Error>()> fault)
      : coordinator_(std::move(coordinator)), fault_(std::move(fault)) {}

  [[nodiscard]] Result<void> fence(std::span<const std::string> senders) override;
  [[nodiscard]] Result<CommittedTransactions> committed(const std::string& origin) override;

 private:
  std::shared_ptr<FakeCoordinator> coordinator_;
  std::function<std::optional<Error>()> fault_;
};

}  // namespace outbox
