// Documents like invoice-service's, inserted in batches as large as its own, with nothing else.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/tool.hpp"
#include "inbox/mongo/bson.hpp"
#include "inbox/mongo/client.hpp"

namespace outbox::bench {
namespace {

mongo::Bson invoice(std::int64_t number) {
  mongo::Bson item;
  item.text("productId", "espresso")
      .integer("quantity", 2)
      .integer("unitPriceMinor", 1'250)
      .integer("amountMinor", 2'500);
  mongo::Bson effect;
  effect.text("messageId", fmt::format("{:036}", number))
      .text("effect", "created")
      .integer("amountMinor", 2'500)
      .date("at", 1'700'000'000'000);
  std::vector<mongo::Bson> items;
  items.push_back(std::move(item));
  std::vector<mongo::Bson> effects;
  effects.push_back(std::move(effect));
  mongo::Bson document;
  document.text("_id", fmt::format("{:036}", number))
      .text("status", "issued")
      .text("number", fmt::format("INV-{:032}", number))
      .text("customerId", "c-1")
      .text("currency", "EUR")
      .array("items", items)
      .integer("totalMinor", 2'500)
      .date("issuedAt", 1'700'000'000'000)
      .array("effects", effects);
  return document;
}

}  // namespace

int mongo_insert(const Options& options) {
  mongo::ClientOptions settings;
  settings.uri = options.text("uri");
  settings.database = options.text("database");
  const auto client = mongo::Client::create(settings);
  if (!client) fail(client.error().message);
  const mongo::Collection collection = (*client)->collection("raw");
  const std::int64_t documents = options.number("documents");
  const std::int64_t batch = options.number("batch");
  mongo::Bson unordered;
  bson_append_bool(unordered.get(), "ordered", -1, false);
  Stopwatch watch;
  watch.begin();
  for (std::int64_t written = 0; written < documents; written += batch) {
    const mongo::Owned<mongoc_bulk_operation_t> bulk(
        mongoc_collection_create_bulk_operation_with_opts(collection.get(), unordered.get()));
    bson_error_t error{};
    for (std::int64_t i = written; i < std::min(written + batch, documents); ++i) {
      if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), invoice(i).get(), nullptr, &error)) {
        fail(error.message);
      }
    }
    if (mongoc_bulk_operation_execute(bulk.get(), nullptr, &error) == 0) fail(error.message);
  }
  print_result(documents, watch);
  return 0;
}

}  // namespace outbox::bench
