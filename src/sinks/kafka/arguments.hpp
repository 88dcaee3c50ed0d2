// What librdkafka's produceva is called with.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <librdkafka/rdkafka.h>

namespace outbox::kafka {

// One message's, at most one of each type. Each is written where librdkafka reads it: they have 72
// bytes, of which a message sets few, and are on the hot path.
class Arguments {
 public:
  void clear() { size_ = 0; }
  // Its value is the caller's to set.
  rd_kafka_vu_t& add(rd_kafka_vtype_t type) {
    rd_kafka_vu_t& added = list_.at(size_++);
    added.vtype = type;
    return added;
  }
  void add_bytes(rd_kafka_vtype_t type, std::string_view text) {
    rd_kafka_vu_t& added = add(type);
    // librdkafka takes it as const, its union does not; a null pointer would mean "no key".
    added.u.mem.ptr = const_cast<char*>(text.data() == nullptr ? "" : text.data());  // NOLINT
    added.u.mem.size = text.size();
  }

  [[nodiscard]] const rd_kafka_vu_t* data() const { return list_.data(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::array<rd_kafka_vu_t, 6> list_{};  // topic, key, value, flags, opaque and headers
  std::size_t size_ = 0;
};

}  // namespace outbox::kafka
