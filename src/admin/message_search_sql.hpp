// The statements of search_messages, apart from it so that a test can look at their plans.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "admin/json_path.hpp"
#include "admin/message_search.hpp"
#include "admin/payload_sql.hpp"
#include "support/pg/params.hpp"

namespace outbox::admin {

// Where the messages to be looked at come from, in the order of their seqs.
enum class Driver {
  table,       // all of them
  key,         // those of an aggregate
  recent,      // those of transactions that no position has passed altogether
  exceptions,  // those that failed, were delayed or discarded
  held,        // those that wait behind another one
};

// Index scans whatever the planner believes: a page must not hang on stale statistics.
inline constexpr const char* kSearchBegin =
    "begin read only; set local enable_seqscan = off; set local enable_bitmapscan = off; "
    "set local enable_mergejoin = off";

// Of Driver::recent; where there are more, all messages are looked at, newest first.
inline constexpr std::int64_t kMostRecent = 5'000;

struct Statement {
  std::string sql;  // with ${outbox} for the tables
  pg::Params params;
};

// The seqs that are still to be looked at, both inclusive.
struct SeqRange {
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

struct SearchStep {
  Driver driver = Driver::table;
  SeqRange range;
  std::int64_t look = 0;  // rows at most, counted before the filters
  std::int64_t take = 0;  // of those that pass the filters, at most
  std::string low_xid{};  // of Driver::recent: no earlier transaction
};

// What a filter comes to once its times and its path are understood.
struct ParsedFilter {
  MessageFilter filter;
  std::string since;  // as PostgreSQL's text; empty: none
  std::string until;
  std::vector<JsonStep> path;  // empty: none
};

// One row: how many rows were looked at, the lowest and the highest seq of them, and a json array
// of the summaries that passed.
[[nodiscard]] Statement search_statement(const SearchStep& step, const ParsedFilter& parsed,
                                         const PayloadSql& payload);

// One row: the lowest seq such that everything before it, kept messages too, was created earlier
// than the moment (as PostgreSQL's text), found by halving; seqs are given as the rows are made.
[[nodiscard]] Statement first_seq_statement(const std::string& moment);

// That seq, with a second more on one side: rows that were made at the same time may have their
// seqs and times in different orders, so each row's time is compared besides. In a transaction
// begun with kSearchBegin.
enum class Margin { earlier, later };
[[nodiscard]] Result<std::int64_t> first_seq(PostgresOutbox& outbox, const std::string& moment,
                                             Margin margin);

// Whether anything but the driver decides what passes: then a page may have to look at many rows.
[[nodiscard]] bool filters_rows(Driver driver, const MessageFilter& filter);

}  // namespace outbox::admin
