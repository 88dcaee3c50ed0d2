// The headers column of an outbox row, which producers fill, on its way to HTTP and elsewhere.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sinks/http/request_headers.hpp"
#include "sinks/row_headers.hpp"

namespace {

// A header that ends its line would let a producer write headers of his own.
void check_line(const std::string& line) {
  if (line.find('\n') != std::string::npos || line.find('\r') != std::string::npos ||
      line.find('\0') != std::string::npos) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static outbox::sinks::RowHeaders row;
  if (row.read(text)) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      static_cast<void>(row[i].name.size() + row[i].value.size());
    }
  }
  static outbox::http_sink::RequestHeaders request("application/json", "/outbox");
  outbox::Record record;
  record.headers = text;
  record.type = "OrderPlaced";
  if (const auto lines = request.make(record)) {
    for (const std::string& line : *lines) {
      check_line(line);
    }
  }
  return 0;
}
