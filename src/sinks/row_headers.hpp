// The headers column of an outbox row, as every sink reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::sinks {

// One row's headers in their order: strings as they are, anything else but null as compact JSON.
// Keeps its memory from one row to the next. Not thread-safe.
class RowHeaders {
 public:
  // The views point into the RowHeaders until its next read.
  struct Header {
    std::string_view name;  // a NUL follows its last character
    std::string_view value;
    bool null = false;
  };

  // message_rejected: not a JSON object, or a name holds a NUL. The empty text is an empty object.
  [[nodiscard]] Result<void> read(std::string_view text);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Precondition: index < size().
  [[nodiscard]] Header operator[](std::size_t index) const;

 private:
  struct Entry {
    std::size_t name = 0;  // offsets in text_
    std::size_t value = 0;
    std::size_t size = 0;
    bool null = false;
  };
  class Reader;

  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace outbox::sinks
