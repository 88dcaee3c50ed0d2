#include "demo/audit.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "demo/ledger.hpp"
#include "demo/topic_scan.hpp"
#include "inbox/mongo/client.hpp"
#include "support/pg/connection.hpp"

namespace outbox::demo {

namespace {

using mongo::Bson;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{30'000};

Result<pg::Connection> connect(const AuditTargets& targets) {
  return pg::Connection::connect(targets.database_url, {.application_name = "outbox-demo",
                                                        .connect_timeout = milliseconds(5'000),
                                                        .statement_timeout = kPatience});
}

// "billing.outbox" with its suffix, quoted: "billing"."outbox_message".
std::string table(const std::string& name, const std::string& suffix = "") {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return pg::quote_identifier(name + suffix);
  return pg::quote_identifier(name.substr(0, dot)) + "." +
         pg::quote_identifier(name.substr(dot + 1) + suffix);
}

Result<Orders> read_orders(pg::Connection& database, AuditReport& report) {
  auto rows = database.query(
      "select id::text, total_minor, currency, cancelled_at is not null from orders");
  if (!rows) return std::move(rows).error();
  Orders orders;
  for (int row = 0; row < rows->size(); ++row) {
    OrderFacts facts{rows->int8(row, 1), std::string(rows->text(row, 2)), rows->boolean(row, 3)};
    if (facts.cancelled) ++report.cancelled;
    orders.emplace(rows->text(row, 0), std::move(facts));
  }
  report.orders = static_cast<std::int64_t>(orders.size());
  return orders;
}

Result<WrittenAt> read_messages(pg::Connection& database, const AuditTargets& targets,
                                AuditReport& report) {
  auto rows =
      database.query("select id::text, type, status, created_at from " +
                     table(targets.outbox_table, "_message") + " where aggregatetype = 'order'");
  if (!rows) return std::move(rows).error();
  WrittenAt written_at;
  for (int row = 0; row < rows->size(); ++row) {
    ++report.outbox_rows;
    if (rows->text(row, 1) == "OrderCreated") ++report.created_rows;
    if (rows->text(row, 2) == "processed") ++report.processed;
    written_at.emplace(rows->text(row, 0), rows->unix_us(row, 3));
  }
  return written_at;
}

InvoiceFacts invoice_facts(const Bson& document) {
  InvoiceFacts facts;
  facts.order_id = mongo::find_text(document, "_id").value_or("");
  facts.is_invoice = mongo::find_text(document, "number").has_value();
  facts.total_minor = mongo::find_integer(document, "totalMinor").value_or(0);
  facts.currency = mongo::find_text(document, "currency").value_or("");
  facts.voided = mongo::find_text(document, "status") == "voided";
  for (const Bson& effect : mongo::find_documents(document, "effects")) {
    facts.effects.push_back({std::string(mongo::find_text(effect, "messageId").value_or("")),
                             std::string(mongo::find_text(effect, "effect").value_or("")),
                             mongo::find_integer(effect, "amountMinor").value_or(0),
                             mongo::find_date(effect, "at").value_or(0)});
  }
  return facts;
}

Result<std::unique_ptr<mongo::Client>> mongo_client(const AuditTargets& targets) {
  mongo::ClientOptions options;
  options.uri = targets.mongo_uri;
  options.database = targets.mongo_database;
  options.socket_timeout = kPatience;
  return mongo::Client::create(options);
}

Result<std::vector<InvoiceFacts>> read_invoices(const AuditTargets& targets) {
  const auto client = mongo_client(targets);
  if (!client) return client.error();
  const auto documents = (*client)->collection("invoices").find(Bson(), Bson());
  if (!documents) return documents.error();
  std::vector<InvoiceFacts> invoices;
  invoices.reserve(documents->size());
  for (const Bson& document : *documents)
    invoices.push_back(invoice_facts(document));
  return invoices;
}

// The counts that tell whether there is anything to wait for.
Result<Progress> look(const AuditTargets& targets, const mongo::Client& client) {
  auto database = connect(targets);
  if (!database) return std::move(database).error();
  const auto rows = database->query("select (select count(*) from orders), (select count(*) from " +
                                    table(targets.outbox_table, "_message") +
                                    " where aggregatetype = 'order' and status <> 'processed')");
  if (!rows) return rows.error();
  Progress progress;
  progress.orders = rows->int8(0, 0);
  progress.unprocessed = rows->int8(0, 1);

  Bson exists;
  bson_append_bool(exists.get(), "$exists", -1, true);
  Bson filter;
  filter.document("number", exists);
  Bson id_only;
  id_only.integer("_id", 1);
  Bson options;
  options.document("projection", id_only);
  const auto invoices = client.collection("invoices").find(filter, options);
  if (!invoices) return invoices.error();
  progress.invoices = static_cast<std::int64_t>(invoices->size());
  return progress;
}

bool settled(const Progress& progress) {
  return progress.unprocessed == 0 && progress.invoices >= progress.orders;
}

std::string missing(const Progress& progress) {
  return std::to_string(progress.orders - progress.invoices) + " of " +
         std::to_string(progress.orders) + " orders have no invoice, and " +
         std::to_string(progress.unprocessed) + " messages are not marked as processed";
}

}  // namespace

Result<AuditReport> audit(const AuditTargets& targets) {
  AuditReport report;
  auto database = connect(targets);
  if (!database) return std::move(database).error();
  const auto orders = read_orders(*database, report);
  if (!orders) return orders.error();
  const auto written_at = read_messages(*database, targets, report);
  if (!written_at) return written_at.error();
  const auto invoices = read_invoices(targets);
  if (!invoices) return invoices.error();
  const auto scan = scan_topic(targets.kafka_brokers, targets.topic, kPatience);
  if (!scan) return scan.error();
  report.records = scan->records;
  report.duplicate_records = scan->duplicates;
  compare(*orders, *invoices, *written_at, report);
  return report;
}

Result<void> await_settled(const AuditTargets& targets, steady_clock::time_point deadline,
                           const std::function<void(const Progress&)>& report) {
  const auto client = mongo_client(targets);
  if (!client) return client.error();
  std::string last = "nothing was seen";
  for (;;) {
    const auto begun = steady_clock::now();
    const auto progress = look(targets, **client);
    if (progress) {
      report(*progress);
      if (settled(*progress)) return {};
      last = missing(*progress);
    } else {
      last = progress.error().message;
    }
    // Looking is work for the very servers that are being waited for: a fifth of the time at most.
    const auto pause =
        std::max<steady_clock::duration>(milliseconds(200), 4 * (steady_clock::now() - begun));
    if (steady_clock::now() + pause >= deadline) break;
    std::this_thread::sleep_for(pause);
  }
  return Error{ErrorCode::timeout, "the time is up: " + last};
}

}  // namespace outbox::demo
