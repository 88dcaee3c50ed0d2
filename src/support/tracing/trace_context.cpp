#include "support/tracing/trace_context.hpp"

#include <algorithm>
#include <random>

namespace outbox::tracing {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
// 00-<32 digits>-<16 digits>-<2 digits>
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kSpanAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kSize = 55;
constexpr std::uint8_t kSampled = 1;

// False when there is another character than a lower-case digit. Precondition: two for each byte.
bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t high = kDigits.find(text[2 * i]);
    const std::size_t low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::mt19937_64& random_bits() {
  thread_local std::mt19937_64 bits = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return bits;
}

void fill_randomly(std::span<std::uint8_t> bytes) {
  do {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i % sizeof(bits) == 0) bits = random_bits()();
      bytes[i] = static_cast<std::uint8_t>(bits >> (8 * (i % sizeof(bits))));
    }
  } while (all_zero(bytes));
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() != kSize || !text.starts_with("00-") || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  TraceContext context;
  if (!read_hex(text.substr(kTraceAt), context.trace_id) ||
      !read_hex(text.substr(kSpanAt), context.span_id) ||
      !read_hex(text.substr(kFlagsAt), {&context.flags, 1})) {
    return std::nullopt;
  }
  if (all_zero(context.trace_id) || all_zero(context.span_id)) return std::nullopt;
  return context;
}

std::string to_traceparent(const TraceContext& context) {
  return "00-" + to_hex(context.trace_id) + '-' + to_hex(context.span_id) + '-' +
         to_hex({&context.flags, 1});
}

// A quotation mark inside a JSON string has a backslash before it, so the name with both of its
// marks is a whole string, and with a colon behind it a name.
std::optional<TraceContext> find_traceparent(std::string_view row_headers) {
  constexpr std::string_view kName = "\"traceparent\"";
  while (true) {
    const std::size_t at = row_headers.find(kName);
    if (at == std::string_view::npos) return std::nullopt;
    row_headers.remove_prefix(at + kName.size());
    std::string_view rest = skip_space(row_headers);
    if (!rest.starts_with(':')) continue;
    rest = skip_space(rest.substr(1));
    if (rest.size() < kSize + 2 || rest.front() != '"' || rest[kSize + 1] != '"') continue;
    return parse_traceparent(rest.substr(1, kSize));
  }
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::optional<std::string> trace_id_of(const std::optional<TraceContext>& context) {
  return context ? std::optional(to_hex(context->trace_id)) : std::nullopt;
}

TraceContext new_trace(std::int64_t sample_percent) {
  TraceContext context;
  fill_randomly(context.trace_id);
  fill_randomly(context.span_id);
  std::uniform_int_distribution<std::int64_t> percent(1, 100);
  context.flags = percent(random_bits()) <= sample_percent ? kSampled : 0;
  return context;
}

TraceContext child_of(const TraceContext& parent) {
  TraceContext context = parent;
  fill_randomly(context.span_id);
  context.flags = parent.flags & kSampled;
  return context;
}

}  // namespace outbox::tracing
