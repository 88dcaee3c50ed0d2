#include "tests/reader/trial.hpp"

#include <ostream>

#include "support/pg/params.hpp"

namespace outbox::test {
namespace {

constexpr int kKeys = 8;

}  // namespace

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << verdict.lost << " lost, " << verdict.swapped << " swapped, " << verdict.delayed
             << " delayed, " << verdict.phantoms << " phantoms, " << verdict.repeated
             << " repeated";
}

std::string key_name(int number) {
  return "key-" + std::to_string(number);
}

void make_aggregates(const OutboxDatabase& database, int keys) {
  pg::Connection connection = database.connect();
  must_exec(connection,
            "create table aggregate (key text primary key, version integer not null default 0) "
            "with (fillfactor = 50)");
  must_exec(connection, "insert into aggregate (key) select 'key-' || k from generate_series(0, " +
                            std::to_string(keys - 1) + ") k");
}

Trial::Trial(MakeReader make_reader) {
  make_aggregates(database_, kKeys);
  reader_ = make_reader(database_);
}

void Trial::committed(const std::vector<Delivered>& messages) {
  for (const Delivered& message : messages) {
    committed_.emplace(std::pair{message.key, message.version}, 0);
  }
}

void Trial::read() {
  for (const Delivered& message : reader_->read()) {
    account(message);
  }
}

void Trial::account(const Delivered& message) {
  const auto found = committed_.find({message.key, message.version});
  if (found == committed_.end()) {
    ++verdict_.phantoms;
    return;
  }
  if (++found->second > 1) {
    ++verdict_.repeated;
    return;
  }
  int& highest = highest_[message.key];
  if (message.version < highest) {
    ++verdict_.swapped;
  }
  highest = std::max(highest, message.version);
}

int Trial::missing() const {
  int count = 0;
  for (const auto& [message, deliveries] : committed_) {
    count += deliveries == 0 ? 1 : 0;
  }
  return count;
}

void Trial::expect_no_delay() {
  verdict_.delayed += missing();
}

Verdict Trial::finish() {
  read();
  read();
  verdict_.lost = missing();
  return verdict_;
}

Writer& Writer::begin() {
  must_exec(connection_, "begin");
  written_.clear();
  return *this;
}

Writer& Writer::take_xid() {
  must_exec(connection_, "select pg_current_xact_id()");
  return *this;
}

Writer& Writer::write(const std::string& key) {
  const int version =
      std::stoi(value_of(connection_, "update aggregate set version = version + 1 where key = '" +
                                          key + "' returning version"));
  must_exec(connection_,
            "insert into outbox (id, aggregatetype, aggregateid, type, payload) values "
            "(gen_random_uuid(), 'aggregate', '" +
                key + "', 'Changed', '{\"v\": " + std::to_string(version) + "}')");
  written_.push_back(Delivered{key, version});
  return *this;
}

Writer& Writer::savepoint() {
  must_exec(connection_, "savepoint s");
  at_savepoint_ = written_.size();
  return *this;
}

Writer& Writer::rollback_to_savepoint() {
  must_exec(connection_, "rollback to savepoint s");
  written_.resize(at_savepoint_);
  return *this;
}

void Writer::commit() {
  must_exec(connection_, "commit");
  trial_.committed(written_);
}

void Writer::rollback() {
  must_exec(connection_, "rollback");
}

void Writer::prepare(const std::string& name) {
  must_exec(connection_, "prepare transaction '" + name + "'");
}

void Writer::commit_prepared(const std::string& name) {
  must_exec(connection_, "commit prepared '" + name + "'");
  trial_.committed(written_);
}

}  // namespace outbox::test
