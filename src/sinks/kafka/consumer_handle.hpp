// A consumer of librdkafka's that reads what a producer has written, and joins no group.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "outbox/result.hpp"

namespace outbox::kafka {

template <class T, void (*Destroy)(T*)>
struct Destroyer {
  void operator()(T* object) const { Destroy(object); }
};
// An object of librdkafka's, freed by its function.
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, Destroy>>;

using ConsumerHandle = Owned<rd_kafka_t, rd_kafka_destroy>;

// With the producer's connection and security. It reads what is committed alone, commits nothing,
// and logs nothing: what fails is told as an answer. `group` is required, and joined only by
// rd_kafka_subscribe; `more` are further properties. invalid_argument: the properties do not fit.
[[nodiscard]] Result<ConsumerHandle> make_consumer(
    const rd_kafka_conf_t* producer, const std::string& group,
    const std::vector<std::pair<std::string, std::string>>& more = {});

}  // namespace outbox::kafka
