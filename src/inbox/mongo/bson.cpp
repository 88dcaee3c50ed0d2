#include "inbox/mongo/bson.hpp"

#include <cmath>

namespace outbox::mongo {

namespace {

int length(std::string_view text) {
  return static_cast<int>(text.size());
}

// The iterator is over-aligned, which a container of it would not keep.
bool find(const Bson& document, const std::string& path, bson_iter_t& found) {
  bson_iter_t top;
  return bson_iter_init(&top, document.get()) &&
         bson_iter_find_descendant(&top, path.c_str(), &found);
}

}  // namespace

Bson& Bson::text(std::string_view name, std::string_view value) {
  bson_append_utf8(get(), name.data(), length(name), value.data(), length(value));
  return *this;
}

Bson& Bson::integer(std::string_view name, std::int64_t value) {
  bson_append_int64(get(), name.data(), length(name), value);
  return *this;
}

Bson& Bson::null(std::string_view name) {
  bson_append_null(get(), name.data(), length(name));
  return *this;
}

Bson& Bson::date(std::string_view name, std::int64_t unix_ms) {
  bson_append_date_time(get(), name.data(), length(name), unix_ms);
  return *this;
}

Bson& Bson::document(std::string_view name, const Bson& value) {
  bson_append_document(get(), name.data(), length(name), value.get());
  return *this;
}

Bson& Bson::array(std::string_view name, const std::vector<Bson>& values) {
  Bson members;
  for (std::size_t index = 0; index < values.size(); ++index) {
    members.document(std::to_string(index), values[index]);
  }
  bson_append_array(get(), name.data(), length(name), members.get());
  return *this;
}

Bson& Bson::append(const bson_t& other) {
  bson_concat(get(), &other);
  return *this;
}

std::optional<std::string_view> find_text(const Bson& document, const std::string& path) {
  bson_iter_t found;
  if (!find(document, path, found) || !BSON_ITER_HOLDS_UTF8(&found)) return std::nullopt;
  std::uint32_t size = 0;
  const char* text = bson_iter_utf8(&found, &size);
  return std::string_view(text, size);
}

std::optional<std::int64_t> find_integer(const Bson& document, const std::string& path) {
  bson_iter_t found;
  if (!find(document, path, found)) return std::nullopt;
  if (BSON_ITER_HOLDS_INT32(&found)) return bson_iter_int32(&found);
  if (BSON_ITER_HOLDS_INT64(&found)) return bson_iter_int64(&found);
  if (!BSON_ITER_HOLDS_DOUBLE(&found)) return std::nullopt;
  const double value = bson_iter_double(&found);
  constexpr double kLimit = 9007199254740992.0;  // 2^53: every whole number up to it is exact
  if (value != std::trunc(value) || std::abs(value) > kLimit) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> find_date(const Bson& document, const std::string& path) {
  bson_iter_t found;
  if (!find(document, path, found) || !BSON_ITER_HOLDS_DATE_TIME(&found)) return std::nullopt;
  return bson_iter_date_time(&found);
}

std::vector<Bson> find_documents(const Bson& document, const std::string& path) {
  std::vector<Bson> documents;
  bson_iter_t found;
  bson_iter_t member;
  if (!find(document, path, found) || !BSON_ITER_HOLDS_ARRAY(&found)) return documents;
  if (!bson_iter_recurse(&found, &member)) return documents;
  while (bson_iter_next(&member)) {
    if (!BSON_ITER_HOLDS_DOCUMENT(&member)) continue;
    std::uint32_t size = 0;
    const std::uint8_t* bytes = nullptr;
    bson_iter_document(&member, &size, &bytes);
    bson_t view;
    if (bson_init_static(&view, bytes, size)) documents.emplace_back(view);
  }
  return documents;
}

}  // namespace outbox::mongo
