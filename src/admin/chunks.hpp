// Work on many messages, a transaction for every thousand, so that millions neither hold locks for
// long nor are lost by a failure at the end; and so that it can be watched and stopped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "outbox/result.hpp"

namespace outbox::admin {

inline constexpr std::size_t kChunk = 1'000;
// Of one command. They are known, and counted for the person, before anything is changed.
inline constexpr std::size_t kMostMessages = 10'000'000;

// Asked between two steps, with how many messages are dealt with so far, and how many of them were
// changed: false ends the work there, which is no error. An empty one always says yes.
using GoOn = std::function<bool(std::size_t done, std::size_t changed)>;

// Calls `work(seqs, index of the first one)`, which gives how many messages it changed; the sum. An
// error says how many were `done` ("retried") before it.
template <class Work>
Result<std::int64_t> in_chunks(std::span<const std::int64_t> seqs, const std::string& done,
                               const GoOn& go_on, Work&& work) {
  std::int64_t changed = 0;
  for (std::size_t first = 0; first < seqs.size(); first += kChunk) {
    if (go_on && !go_on(first, static_cast<std::size_t>(changed))) return changed;
    const Result<std::int64_t> result =
        work(seqs.subspan(first, std::min(kChunk, seqs.size() - first)), first);
    if (!result) {
      Error error = result.error();
      if (changed > 0) {
        error.message += "; " + std::to_string(changed) + " of " + std::to_string(seqs.size()) +
                         " messages were " + done + " before, the rest were not";
      }
      return error;
    }
    changed += *result;
  }
  if (go_on) go_on(seqs.size(), static_cast<std::size_t>(changed));
  return changed;
}

// Reads seqs page by page: `page(after)` gives the next ones behind a seq, ascending, at most
// `page_size` of them. invalid_argument: more than `most`.
template <class Page>
Result<std::vector<std::int64_t>> all_pages(std::size_t page_size, std::size_t most,
                                            const GoOn& go_on, Page&& page) {
  std::vector<std::int64_t> seqs;
  while (true) {
    const Result<std::vector<std::int64_t>> next = page(seqs.empty() ? -1 : seqs.back());
    if (!next) return next.error();
    seqs.insert(seqs.end(), next->begin(), next->end());
    if (seqs.size() > most) {
      return Error{ErrorCode::invalid_argument, "these are more than " + std::to_string(most) +
                                                    " messages: choose fewer at once"};
    }
    if (next->size() < page_size || (go_on && !go_on(seqs.size(), 0))) return seqs;
  }
}

// When each of a chunk's messages is due: the n-th of all at start + n / rate. In microseconds of
// Unix time; a rate of 0 has no limit.
struct Schedule {
  std::int64_t start_us = 0;
  std::int64_t rate = 0;  // messages a second

  [[nodiscard]] std::int64_t due_us(std::size_t index) const {
    if (rate == 0) return start_us;
    return start_us + static_cast<std::int64_t>(index) * 1'000'000 / rate;
  }
};

}  // namespace outbox::admin
