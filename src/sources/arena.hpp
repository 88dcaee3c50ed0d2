// The bytes of a batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace outbox {

// Bytes that stay where they are until the whole arena goes.
class Arena {
 public:
  std::string_view add(const char* bytes, std::size_t size) {
    if (size > free_) {
      const std::size_t block = std::max(size, kBlock);
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
      next_ = blocks_.back().get();
      free_ = block;
    }
    std::memcpy(next_, bytes, size);
    const std::string_view view{next_, size};
    next_ += size;
    free_ -= size;
    used_ += size;
    return view;
  }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t kBlock = 256 * 1024;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t free_ = 0;
  std::size_t used_ = 0;
};

}  // namespace outbox
