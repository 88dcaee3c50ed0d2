#include "sources/postgres_table/position.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

namespace outbox::postgres_table {
namespace {

// Reads a number and what follows it, ':' or ','; false at the end of the text or a malformed one.
bool read_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{}) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty()) {
    text.remove_prefix(1);
  }
  return true;
}

}  // namespace

Result<Snapshot> Snapshot::parse(std::string_view text) {
  Snapshot snapshot;
  snapshot.text = text;
  std::uint64_t xmin = 0;
  std::string_view rest = text;
  bool valid = read_number(rest, xmin) && read_number(rest, snapshot.xmax);
  while (valid && !rest.empty()) {
    std::uint64_t xid = 0;
    valid = read_number(rest, xid);
    snapshot.in_progress.push_back(xid);
  }
  if (!valid || xmin == 0 || xmin > snapshot.xmax) {
    return Error{ErrorCode::internal, "'" + std::string{text} + "' is not a PostgreSQL snapshot"};
  }
  return snapshot;
}

bool Snapshot::sees(std::uint64_t xid) const {
  return xid < xmax && !std::binary_search(in_progress.begin(), in_progress.end(), xid);
}

Snapshot united(const Snapshot& a, const Snapshot& b) {
  const Snapshot& later = a.xmax < b.xmax ? b : a;
  const Snapshot& earlier = a.xmax < b.xmax ? a : b;
  Snapshot both;
  both.xmax = later.xmax;
  std::copy_if(later.in_progress.begin(), later.in_progress.end(),
               std::back_inserter(both.in_progress),
               [&](std::uint64_t xid) { return !earlier.sees(xid); });
  const std::uint64_t xmin = both.in_progress.empty() ? both.xmax : both.in_progress.front();
  both.text = std::to_string(xmin) + ":" + std::to_string(both.xmax) + ":";
  for (const std::uint64_t xid : both.in_progress) {
    both.text += (both.text.back() == ':' ? "" : ",") + std::to_string(xid);
  }
  return both;
}

bool covers(const Snapshot& a, const Snapshot& b) {
  return a.xmax >= b.xmax && std::none_of(a.in_progress.begin(), a.in_progress.end(),
                                          [&](std::uint64_t xid) { return b.sees(xid); });
}

std::vector<SharedPosition> everything() {
  constexpr std::uint64_t kEnd = std::numeric_limits<std::int64_t>::max();
  const std::string end = std::to_string(kEnd);
  return {
      SharedPosition{kAllShards, Position{Snapshot{end + ":" + end + ":", kEnd, {}}, {}, 0, 0}}};
}

bool operator==(const SharedPosition& a, const SharedPosition& b) {
  const auto to = [](const Position& at) { return at.to ? std::string_view{at.to->text} : ""; };
  return a.shards == b.shards && a.at.from.text == b.at.from.text && to(a.at) == to(b.at) &&
         a.at.last_seq == b.at.last_seq && a.at.lsn == b.at.lsn;
}

}  // namespace outbox::postgres_table
