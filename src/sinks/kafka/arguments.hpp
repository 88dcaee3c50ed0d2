// What librdkafka's produceva is called with.
#pragma once

#include <string_view>

#include <librdkafka/rdkafka.h>

namespace outbox::kafka {

inline rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t result{};
  result.vtype = type;
  return result;
}

inline rd_kafka_vu_t bytes(rd_kafka_vtype_t type, std::string_view text) {
  rd_kafka_vu_t result = argument(type);
  // librdkafka takes it as const, its union does not; a null pointer would mean "no key".
  result.u.mem = {const_cast<char*>(text.data() == nullptr ? "" : text.data()),  // NOLINT
                  text.size()};
  return result;
}

}  // namespace outbox::kafka
