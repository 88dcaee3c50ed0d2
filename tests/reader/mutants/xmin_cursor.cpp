#include "tests/reader/mutants/mutants.hpp"

namespace outbox::test {
namespace {

class XminCursor final : public Reader {
 public:
  explicit XminCursor(const OutboxDatabase& database) : connection_(database.connect()) {}

  std::vector<Delivered> read() override {
    const pg::Rows rows = must_exec(
        connection_, "select xid, seq, aggregateid, payload from outbox where (xid, seq) > ('" +
                         last_xid_ + "'::xid8, " + last_seq_ +
                         ") and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, seq");
    std::vector<Delivered> delivered;
    for (int i = 0; i < rows.size(); ++i) {
      last_xid_ = rows.text(i, 0);
      last_seq_ = rows.text(i, 1);
      delivered.push_back(Delivered{std::string{rows.text(i, 2)}, version_in(rows.text(i, 3))});
    }
    return delivered;
  }

 private:
  pg::Connection connection_;
  std::string last_xid_ = "0";
  std::string last_seq_ = "0";
};

}  // namespace

std::unique_ptr<Reader> make_xmin_cursor(const OutboxDatabase& database) {
  return std::make_unique<XminCursor>(database);
}

}  // namespace outbox::test
