#include "support/pg/params.hpp"

#include <utility>

#include "support/pg/wire.hpp"

namespace outbox::pg {
namespace {

// Binary arrays: number of dimensions, a flag, the element's type; then each dimension's size and
// lower bound. An array without elements has no dimension.
constexpr std::size_t kDimensionsAt = 0;
constexpr std::size_t kHasNullAt = 4;
constexpr std::size_t kCountAt = 12;
constexpr std::size_t kHeaderWithoutDimension = 12;
constexpr std::int32_t kNullLength = -1;
constexpr std::size_t kMaxValueBytes = (std::size_t{1} << 30) - 1;  // the server's own limit

std::uint32_t array_type(Type element) {
  switch (element) {
    case Type::boolean:
      return 1000;
    case Type::bytea:
      return 1001;
    case Type::int8:
      return 1016;
    case Type::int2:
      return 1005;
    case Type::int4:
      return 1007;
    case Type::text:
      return 1009;
    case Type::timestamptz:
      return 1185;
    case Type::uuid:
      return 2951;
    case Type::unspecified:
      break;
  }
  return 0;
}

std::string_view view_of(const Uuid& uuid) {
  return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

Error refuse(std::size_t number, const std::string& why) {
  return {ErrorCode::invalid_argument,
          "parameter $" + std::to_string(number) + " " + why + ", which PostgreSQL cannot take"};
}

template <class T>
std::optional<std::string_view> store_into(char* target, std::optional<T> value) {
  if (!value) return std::nullopt;
  wire::store(target, *value);
  return std::string_view{target, sizeof(T)};
}

}  // namespace

Array::Array(Type element) : element_(element) {
  clear();
}

void Array::clear() {
  count_ = 0;
  buffer_.clear();
  wire::append<std::int32_t>(buffer_, 0);
  wire::append<std::int32_t>(buffer_, 0);
  wire::append(buffer_, static_cast<std::uint32_t>(element_));
}

void Array::added() {
  ++count_;
  if (count_ > 1) {
    wire::store(buffer_.data() + kCountAt, static_cast<std::int32_t>(count_));
    return;
  }
  // The first element brings the dimension with it, which goes before the element.
  std::string dimension;
  wire::append<std::int32_t>(dimension, 1);
  wire::append<std::int32_t>(dimension, 1);
  buffer_.insert(kHeaderWithoutDimension, dimension);
  wire::store<std::int32_t>(buffer_.data() + kDimensionsAt, 1);
}

void Array::boolean(bool value) {
  wire::append<std::int32_t>(buffer_, 1);
  buffer_ += static_cast<char>(value ? 1 : 0);
  added();
}

void Array::int2(std::int16_t value) {
  wire::append<std::int32_t>(buffer_, sizeof value);
  wire::append(buffer_, value);
  added();
}

void Array::int4(std::int32_t value) {
  wire::append<std::int32_t>(buffer_, sizeof value);
  wire::append(buffer_, value);
  added();
}

void Array::int8(std::int64_t value) {
  wire::append<std::int32_t>(buffer_, sizeof value);
  wire::append(buffer_, value);
  added();
}

void Array::bytes(std::string_view value) {
  wire::append(buffer_, static_cast<std::int32_t>(value.size()));
  buffer_ += value;
  added();
}

void Array::uuid(const Uuid& value) {
  bytes(view_of(value));
}

void Array::unix_us(std::int64_t value) {
  int8(value - wire::kPostgresEpochUs);
}

void Array::null() {
  wire::append(buffer_, kNullLength);
  wire::store<std::int32_t>(buffer_.data() + kHasNullAt, 1);
  added();
}

Params& Params::add(Type type, bool binary, std::optional<std::string_view> bytes) {
  Entry entry;
  entry.type = type;
  entry.binary = binary;
  entry.null = !bytes.has_value();
  entry.offset = buffer_.size();
  if (bytes) {
    entry.size = bytes->size();
    buffer_ += *bytes;
    buffer_ += '\0';  // ends a value in text form; behind a binary one it does no harm
  }
  entries_.push_back(entry);
  return *this;
}

Params& Params::text(std::optional<std::string_view> value) {
  return add(Type::unspecified, /*binary=*/false, value);
}

Params& Params::int8(std::optional<std::int64_t> value) {
  char bytes[sizeof(std::int64_t)];
  return add(Type::int8, /*binary=*/true, store_into(bytes, value));
}

Params& Params::int4(std::optional<std::int32_t> value) {
  char bytes[sizeof(std::int32_t)];
  return add(Type::int4, /*binary=*/true, store_into(bytes, value));
}

Params& Params::boolean(std::optional<bool> value) {
  const char byte = value.value_or(false) ? '\x01' : '\0';
  std::optional<std::string_view> bytes;
  if (value) bytes.emplace(&byte, 1);
  return add(Type::boolean, /*binary=*/true, bytes);
}

Params& Params::bytea(std::optional<std::string_view> value) {
  return add(Type::bytea, /*binary=*/true, value);
}

Params& Params::uuid(const std::optional<Uuid>& value) {
  std::optional<std::string_view> bytes;
  if (value) bytes = view_of(*value);
  return add(Type::uuid, /*binary=*/true, bytes);
}

Params& Params::unix_us(std::optional<std::int64_t> value) {
  char bytes[sizeof(std::int64_t)];
  if (value) *value -= wire::kPostgresEpochUs;
  return add(Type::timestamptz, /*binary=*/true, store_into(bytes, value));
}

Params& Params::array(const Array& value) {
  Entry entry;
  entry.array = &value;
  entries_.push_back(entry);
  return *this;
}

void Params::clear() {
  buffer_.clear();
  entries_.clear();
}

std::string_view Params::bytes_of(const Entry& entry) const {
  if (entry.array != nullptr) return entry.array->encoded();
  return std::string_view{buffer_}.substr(entry.offset, entry.size);
}

Result<const Params::Arguments*> Params::arguments() const {
  arguments_.types.clear();
  arguments_.values.clear();
  arguments_.lengths.clear();
  arguments_.formats.clear();
  for (const Entry& entry : entries_) {
    const std::string_view bytes = bytes_of(entry);
    if (bytes.size() > kMaxValueBytes) {
      return refuse(arguments_.values.size() + 1, "has 1 GiB or more");
    }
    if (!entry.binary && bytes.find('\0') != std::string_view::npos) {
      return refuse(arguments_.values.size() + 1, "is a text with a NUL byte");
    }
    arguments_.types.push_back(entry.array != nullptr ? array_type(entry.array->element())
                                                      : static_cast<std::uint32_t>(entry.type));
    arguments_.values.push_back(entry.null ? nullptr : bytes.data());
    arguments_.lengths.push_back(static_cast<int>(bytes.size()));
    arguments_.formats.push_back(entry.binary ? 1 : 0);
  }
  return &arguments_;
}

}  // namespace outbox::pg
