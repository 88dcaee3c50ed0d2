// The replication stream's frames, from the bytes of one to the record that the relay sends.
#include "sources/postgres_wal/pgoutput.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sources/postgres_wal/outbox_row.hpp"

namespace {

using namespace outbox::postgres_wal;

constexpr std::int64_t kNow = 1'800'000'000'000'000;

// The outbox table, with a payload of the type jsonb.
RowShape usual_shape() {
  Relation relation;
  relation.columns = {
      {"seq", 20},       {"xid", 5069},         {"created_at", 1184}, {"available_at", 1184},
      {"id", 2950},      {"aggregatetype", 25}, {"aggregateid", 25},  {"type", 25},
      {"headers", 3802}, {"payload", 3802}};
  return *RowShape::of(relation);
}

void read_row(const RowShape& shape, std::string_view tuple) {
  static_cast<void>(shape.read(tuple, kNow));
  outbox::Result<TupleReader> fields = TupleReader::over(tuple);
  while (fields && fields->left() > 0 && fields->next()) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const RowShape kUsual = usual_shape();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const outbox::Result<Frame> frame = unwrap(bytes);
  const auto* const message = frame ? std::get_if<WalData>(&*frame) : nullptr;
  if (message == nullptr) {
    return 0;
  }
  const outbox::Result<Change> change = decode(message->message);
  if (!change) {
    return 0;
  }
  if (const auto* relation = std::get_if<Relation>(&*change)) {
    static_cast<void>(RowShape::of(*relation));
  } else if (const auto* insert = std::get_if<Insert>(&*change)) {
    read_row(kUsual, insert->tuple);
  } else if (const auto* emitted = std::get_if<Emitted>(&*change)) {
    static_cast<void>(RowShape::read_emitted(emitted->content, kNow));
  }
  return 0;
}
