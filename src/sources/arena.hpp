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
      const std::size_t block = std::max(size, std::clamp(used_, kFirstBlock, kLargestBlock));
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
  // Where messages come one at a time, so do batches: each block is as large as all before it.
  static constexpr std::size_t kFirstBlock = std::size_t{4} * 1024;
  static constexpr std::size_t kLargestBlock = std::size_t{256} * 1024;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t free_ = 0;
  std::size_t used_ = 0;
};

}  // namespace outbox
