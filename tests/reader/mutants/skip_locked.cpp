#include "tests/reader/mutants/mutants.hpp"

namespace outbox::test {
namespace {

class SkipLocked final : public Reader {
 public:
  explicit SkipLocked(const OutboxDatabase& database)
      : first_(database.connect()), second_(database.connect()) {}

  // The first relay takes a page and is slow to send it; meanwhile the second one takes and sends.
  std::vector<Delivered> read() override {
    std::vector<Delivered> delivered;
    while (true) {
      const std::vector<Delivered> slow = claim(first_);
      const std::vector<Delivered> quick = claim(second_);
      delivered.insert(delivered.end(), quick.begin(), quick.end());
      must_exec(second_, "commit");
      delivered.insert(delivered.end(), slow.begin(), slow.end());
      must_exec(first_, "commit");
      if (slow.empty() && quick.empty()) {
        return delivered;
      }
    }
  }

 private:
  static std::vector<Delivered> claim(pg::Connection& connection) {
    must_exec(connection, "begin");
    const pg::Rows rows =
        must_exec(connection,
                  "delete from outbox where seq in (select seq from outbox order by seq "
                  "limit 2 for update skip locked) returning seq, aggregateid, payload");
    std::vector<Delivered> delivered;
    for (int i = 0; i < rows.size(); ++i) {
      delivered.push_back(Delivered{std::string{rows.text(i, 1)}, version_in(rows.text(i, 2))});
    }
    return delivered;
  }

  pg::Connection first_;
  pg::Connection second_;
};

}  // namespace

std::unique_ptr<Reader> make_skip_locked(const OutboxDatabase& database) {
  return std::make_unique<SkipLocked>(database);
}

}  // namespace outbox::test
