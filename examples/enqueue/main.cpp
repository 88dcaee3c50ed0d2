// Pays an order and tells others of it: both happen, or neither does.
//
//   DATABASE_URL=postgresql://… enqueue_example ORDER-ID
//
// The outbox's tables must be there (outboxctl migrate).
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "outbox/outbox.hpp"

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Rows = std::unique_ptr<PGresult, decltype(&PQclear)>;

bool run(PGconn* connection, const char* sql) {
  return PQresultStatus(Rows{PQexec(connection, sql), PQclear}.get()) == PGRES_COMMAND_OK;
}

// False when there is no such order to pay.
bool mark_as_paid(PGconn* connection, const std::string& order_id) {
  const char* values[] = {order_id.c_str()};
  const Rows rows{PQexecParams(connection,
                               "update orders set status = 'paid' "
                               "where id = $1 and status = 'open'",
                               1, nullptr, values, nullptr, nullptr, 0),
                  PQclear};
  return PQresultStatus(rows.get()) == PGRES_COMMAND_OK &&
         PQcmdTuples(rows.get()) == std::string{"1"};
}

// One transaction: the order changes, and the message about it waits in the outbox for the relay.
// The UPDATE locks the order's row first, so messages about one order keep the order of its
// changes.
bool pay(PGconn* connection, const outbox::Outbox& messages, const std::string& order_id) {
  if (!run(connection, "begin")) return false;
  if (mark_as_paid(connection, order_id)) {
    outbox::Message message;
    message.aggregate_type = "order";
    message.aggregate_id = order_id;
    message.type = "OrderPaid";
    message.payload = R"({"status": "paid"})";

    outbox::Transaction transaction{connection};
    const auto id = messages.enqueue(transaction, message);
    if (id && run(connection, "commit")) {
      std::cout << "paid " << order_id << ", message " << id->to_string() << '\n';
      return true;
    }
    std::cerr << (id ? PQerrorMessage(connection) : id.error().message) << '\n';
  }
  run(connection, "rollback");
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* url = std::getenv("DATABASE_URL");
  if (argc != 2 || url == nullptr) {
    std::cerr << "usage: DATABASE_URL=postgresql://… enqueue_example ORDER-ID\n";
    return 2;
  }
  const Connection connection{PQconnectdb(url), PQfinish};
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    std::cerr << "cannot connect to the database\n";
    return 1;
  }
  PQsetClientEncoding(connection.get(), "UTF8");
  const outbox::Outbox messages;
  if (pay(connection.get(), messages, argv[1])) return 0;
  std::cerr << "order " << argv[1] << " was not paid\n";
  return 1;
}
