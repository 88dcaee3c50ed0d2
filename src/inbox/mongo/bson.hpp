// Owning BSON documents, built field by field, and safe reading of foreign ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bson/bson.h>

namespace outbox::mongo {

// Move-only. Field names have neither NUL nor, by the caller's care, a duplicate. Text must be
// UTF-8. A document that grows beyond 2 GiB ends the program, so bound what goes in.
class Bson {
 public:
  Bson() : document_(bson_new()) {}
  // Copies.
  explicit Bson(const bson_t& other) : document_(bson_copy(&other)) {}
  Bson(Bson&& other) noexcept : document_(std::exchange(other.document_, nullptr)) {}
  Bson& operator=(Bson&& other) noexcept {
    std::swap(document_, other.document_);
    return *this;
  }
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;
  ~Bson() { bson_destroy(document_); }

  Bson& text(std::string_view name, std::string_view value);
  Bson& integer(std::string_view name, std::int64_t value);
  Bson& null(std::string_view name);
  // Milliseconds of Unix time.
  Bson& date(std::string_view name, std::int64_t unix_ms);
  Bson& document(std::string_view name, const Bson& value);
  Bson& array(std::string_view name, const std::vector<Bson>& values);
  // All fields of `other`, after those that are there.
  Bson& append(const bson_t& other);

  [[nodiscard]] const bson_t* get() const { return document_; }
  [[nodiscard]] bson_t* get() { return document_; }

 private:
  bson_t* document_;  // null: moved from
};

// The value at a dotted path, when it is there and of the type. Views live as long as `document`.
[[nodiscard]] std::optional<std::string_view> find_text(const Bson& document,
                                                        const std::string& path);
// int32, int64, and a double without a fraction.
[[nodiscard]] std::optional<std::int64_t> find_integer(const Bson& document,
                                                       const std::string& path);
[[nodiscard]] std::optional<std::int64_t> find_date(const Bson& document, const std::string& path);
// The documents of an array; members that are none are left out. Empty when there is no array.
[[nodiscard]] std::vector<Bson> find_documents(const Bson& document, const std::string& path);

}  // namespace outbox::mongo
