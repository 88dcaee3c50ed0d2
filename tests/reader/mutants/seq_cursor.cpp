#include "tests/reader/mutants/mutants.hpp"

namespace outbox::test {
namespace {

class SeqCursor final : public Reader {
 public:
  explicit SeqCursor(const OutboxDatabase& database) : connection_(database.connect()) {}

  std::vector<Delivered> read() override {
    const pg::Rows rows =
        must_exec(connection_, "select seq, aggregateid, payload from outbox where seq > " +
                                   std::to_string(last_) + " order by seq");
    std::vector<Delivered> delivered;
    for (int i = 0; i < rows.size(); ++i) {
      last_ = rows.int8(i, 0);
      delivered.push_back(Delivered{std::string{rows.text(i, 1)}, version_in(rows.text(i, 2))});
    }
    return delivered;
  }

 private:
  pg::Connection connection_;
  std::int64_t last_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_seq_cursor(const OutboxDatabase& database) {
  return std::make_unique<SeqCursor>(database);
}

}  // namespace outbox::test
