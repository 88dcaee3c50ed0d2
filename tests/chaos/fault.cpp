#include "tests/chaos/fault.hpp"

namespace outbox::chaos {

std::chrono::milliseconds between(Random& random, std::chrono::milliseconds from,
                                  std::chrono::milliseconds to) {
  const auto span = static_cast<std::uint64_t>((to - from).count()) + 1;
  return from + std::chrono::milliseconds{random() % span};
}

const std::string& one_of(Random& random, const std::vector<std::string>& choices) {
  return choices.at(random() % choices.size());
}

}  // namespace outbox::chaos
