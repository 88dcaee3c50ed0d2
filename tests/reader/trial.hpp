// Writers whose transactions a test interleaves step by step, and the account of what a reader made
// of their messages.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/pg/connection.hpp"
#include "tests/reader/reader.hpp"
#include "tests/support/test_database.hpp"

namespace outbox::test {

// What a reader did wrong; all zero for a right one.
struct Verdict {
  int lost = 0;      // committed and never delivered
  int swapped = 0;   // delivered for the first time behind a later message of the same key
  int delayed = 0;   // held back because of a transaction that has nothing to do with it
  int phantoms = 0;  // delivered though rolled back
  int repeated = 0;  // delivered twice, without a crash that would excuse it

  friend bool operator==(const Verdict&, const Verdict&) = default;
};
std::ostream& operator<<(std::ostream& out, const Verdict& verdict);

// An outbox, an aggregate row for each key, a reader, and what was committed and delivered.
class Trial {
 public:
  explicit Trial(MakeReader make_reader);

  [[nodiscard]] const OutboxDatabase& database() const { return database_; }
  [[nodiscard]] Reader& reader() { return *reader_; }

  // One look of the reader.
  void read();
  // Everything that is committed must have been delivered by now; what was not counts as delayed.
  void expect_no_delay();
  // Reads what is left.
  [[nodiscard]] Verdict finish();

  void committed(const std::vector<Delivered>& messages);

 private:
  void account(const Delivered& message);
  [[nodiscard]] int missing() const;

  OutboxDatabase database_;
  std::unique_ptr<Reader> reader_;
  std::map<std::pair<std::string, int>, int> committed_;  // how often delivered
  std::map<std::string, int> highest_;                    // delivered version of each key
  Verdict verdict_;
};

// The aggregate table of a trial: update … returning version is how a writer locks its key.
void make_aggregates(const OutboxDatabase& database, int keys);
[[nodiscard]] std::string key_name(int number);

// One connection, as an application has it.
class Writer {
 public:
  explicit Writer(Trial& trial) : trial_(trial), connection_(trial.database().connect()) {}

  Writer& begin();
  Writer& take_xid();
  // Locks the key, counts its version up and inserts a message that carries it.
  Writer& write(const std::string& key);
  Writer& savepoint();
  Writer& rollback_to_savepoint();
  void commit();
  void rollback();
  void prepare(const std::string& name);
  void commit_prepared(const std::string& name);

 private:
  Trial& trial_;
  pg::Connection connection_;
  std::vector<Delivered> written_;  // by the open transaction
  std::size_t at_savepoint_ = 0;
};

}  // namespace outbox::test
