#include "sources/postgres_table/cancel.hpp"

#include <array>
#include <memory>

#include <libpq-fe.h>

namespace outbox::postgres_table {

void cancel(PGconn* connection) {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> handle{PQgetCancel(connection),
                                                                  &PQfreeCancel};
  std::array<char, 256> reason{};
  if (handle) {
    static_cast<void>(PQcancel(handle.get(), reason.data(), static_cast<int>(reason.size())));
  }
}

}  // namespace outbox::postgres_table
