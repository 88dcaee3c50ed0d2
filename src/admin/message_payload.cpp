#include "admin/message_payload.hpp"

#include <utility>

#include "admin/payload_sql.hpp"

namespace outbox::admin {

Result<std::optional<StoredPayload>> read_payload(PostgresOutbox& outbox, std::int64_t seq,
                                                  std::int64_t most) {
  auto type = outbox.payload_type();
  if (!type) return std::move(type).error();
  const bool binary = *type == "bytea";
  const PayloadSql sql{*type};
  pg::Params params;
  params.int8(seq).int8(most);
  const std::string part =
      binary ? "encode(substr(p, 1, $2::integer), 'base64')" : "left(p::text, $2::integer)";
  const std::string length = binary ? "octet_length(p)" : "char_length(p::text)";
  const auto rows = outbox.query(
      "select " + part + ", " + sql.size("p") + "::bigint, " + length +
          " > $2::integer from (select coalesce(e.payload, o.payload) as p from ${outbox_row} o "
          "left join ${outbox_exception} e on e.seq = o.seq and e.state <> 'held' "
          "where o.seq = $1::bigint limit 1) w",
      params);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<StoredPayload>{};
  StoredPayload payload;
  payload.encoding = binary ? "base64" : *type == "text" ? "text" : "json";
  payload.content = rows->text(0, 0);
  // PostgreSQL breaks its lines.
  if (binary) std::erase(payload.content, '\n');
  payload.bytes = rows->int8(0, 1);
  payload.truncated = rows->boolean(0, 2);
  return std::optional{std::move(payload)};
}

}  // namespace outbox::admin
