#include "outboxctl/ranges.hpp"

namespace outbox::ctl {

std::string ranges(const Json& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() &&
           numbers[last + 1].get<int>() == numbers[last].get<int>() + 1) {
      ++last;
    }
    text += (text.empty() ? "" : ", ") + numbers[i].dump();
    if (last > i) text += "-" + numbers[last].dump();
    i = last + 1;
  }
  return text;
}

}  // namespace outbox::ctl
