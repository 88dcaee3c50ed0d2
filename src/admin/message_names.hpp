// How people name messages: by seq, or by message id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/result.hpp"
#include "outbox/uuid.hpp"

namespace outbox::admin {

struct MessageNames {
  std::vector<std::int64_t> seqs;
  std::vector<Uuid> ids;
};

// invalid_argument when one is neither. It is not shown then, since it may be a secret that stands
// in the wrong place.
[[nodiscard]] Result<MessageNames> parse_names(const std::vector<std::string>& names);

}  // namespace outbox::admin
