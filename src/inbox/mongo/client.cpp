#include "inbox/mongo/client.hpp"

#include <mutex>

namespace outbox::mongo {

namespace {

// The driver wants to be initialised once, and must not be cleaned up while a pool exists: it is
// left to the end of the process.
void initialise_driver() {
  static std::once_flag once;
  std::call_once(once, [] {
    mongoc_log_set_handler(nullptr, nullptr);  // errors are values here
    mongoc_init();
  });
}

void default_option(mongoc_uri_t* uri, const char* name, std::int64_t value) {
  if (!mongoc_uri_has_option(uri, name)) {
    mongoc_uri_set_option_as_int32(uri, name, static_cast<std::int32_t>(value));
  }
}

// The driver's own default is w=1 without a journal: acknowledged before it is on any disk.
Result<void> default_durability(mongoc_uri_t* uri) {
  const Owned<mongoc_write_concern_t> concern(
      mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri)));
  const std::int32_t w = mongoc_write_concern_get_w(concern.get());
  if (w == MONGOC_WRITE_CONCERN_W_UNACKNOWLEDGED || w == MONGOC_WRITE_CONCERN_W_ERRORS_IGNORED) {
    return Error{ErrorCode::invalid_argument,
                 "the MongoDB URI asks for writes without acknowledgement (w=0), which would lose "
                 "messages unnoticed; leave w out, or set w=majority"};
  }
  if (w == MONGOC_WRITE_CONCERN_W_DEFAULT) {
    mongoc_write_concern_set_wmajority(concern.get(),
                                       mongoc_write_concern_get_wtimeout(concern.get()));
  }
  if (!mongoc_write_concern_journal_is_set(concern.get())) {
    mongoc_write_concern_set_journal(concern.get(), true);
  }
  mongoc_uri_set_write_concern(uri, concern.get());
  return {};
}

}  // namespace

Error to_error(const bson_error_t& error, std::string_view what) {
  const bool server_refused = error.domain == MONGOC_ERROR_SERVER;
  constexpr std::uint32_t kBadValue = 2;
  constexpr std::uint32_t kDocumentTooLarge = 10334;
  constexpr std::uint32_t kValidationFailure = 121;
  const bool hopeless =
      (server_refused && (error.code == kBadValue || error.code == kDocumentTooLarge ||
                          error.code == kValidationFailure)) ||
      error.domain == MONGOC_ERROR_BSON || error.domain == MONGOC_ERROR_COMMAND;
  return Error{hopeless ? ErrorCode::message_rejected : ErrorCode::destination_unavailable,
               "MongoDB could not " + std::string(what) + ": " + error.message};
}

Collection::Collection(mongoc_client_pool_t* pool, mongoc_client_t* client,
                       const std::string& database, const std::string& name)
    : client_(client, GiveBack{pool}),
      collection_(mongoc_client_get_collection(client, database.c_str(), name.c_str())) {}

Result<std::unique_ptr<Bson>> Collection::find_by_id(std::string_view id) const {
  Bson filter;
  filter.text("_id", id);
  Bson options;
  options.integer("limit", 1);
  auto found = find(filter, options);
  if (!found) return std::move(found).error();
  if (found->empty()) return std::unique_ptr<Bson>();
  return std::make_unique<Bson>(std::move(found->front()));
}

Result<std::vector<Bson>> Collection::find(const Bson& filter, const Bson& options,
                                           std::size_t max_bytes) const {
  const Owned<mongoc_cursor_t> cursor(
      mongoc_collection_find_with_opts(collection_.get(), filter.get(), options.get(), nullptr));
  std::vector<Bson> documents;
  std::size_t bytes = 0;
  const bson_t* document = nullptr;
  while (bytes < max_bytes && mongoc_cursor_next(cursor.get(), &document)) {
    documents.emplace_back(*document);
    bytes += document->len;
  }
  bson_error_t error;
  if (mongoc_cursor_error(cursor.get(), &error)) return to_error(error, "be read");
  return documents;
}

Result<std::unique_ptr<Client>> Client::create(const ClientOptions& options) {
  initialise_driver();
  bson_error_t error{};
  const Owned<mongoc_uri_t> uri(mongoc_uri_new_with_error(options.uri.c_str(), &error));
  if (uri == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the MongoDB URI is malformed; it looks like mongodb://host:port/ (percent-encode "
                 "special characters of a password)"};
  }
  default_option(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                 options.server_selection_timeout.count());
  default_option(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, options.server_selection_timeout.count());
  default_option(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, options.socket_timeout.count());
  // A server that was away is asked again this often.
  default_option(uri.get(), MONGOC_URI_HEARTBEATFREQUENCYMS, 1'000);
  default_option(uri.get(), MONGOC_URI_MAXPOOLSIZE, options.max_connections);
  if (auto durable = default_durability(uri.get()); !durable) return std::move(durable).error();

  Owned<mongoc_client_pool_t> pool(mongoc_client_pool_new_with_error(uri.get(), &error));
  if (pool == nullptr) {
    return Error{ErrorCode::destination_unavailable,
                 std::string("the MongoDB client cannot be made: ") + error.message};
  }
  mongoc_client_pool_set_error_api(pool.get(), MONGOC_ERROR_API_VERSION_2);
  return std::unique_ptr<Client>(new Client(std::move(pool), options.database));
}

Collection Client::collection(const std::string& name) const {
  return Collection(pool_.get(), mongoc_client_pool_pop(pool_.get()), database_, name);
}

Result<void> Client::ping() const {
  const Collection any = collection("any");
  Bson command;
  command.integer("ping", 1);
  bson_error_t error;
  if (!mongoc_client_command_simple(any.client(), database_.c_str(), command.get(), nullptr,
                                    nullptr, &error)) {
    return to_error(error, "be reached");
  }
  return {};
}

}  // namespace outbox::mongo
