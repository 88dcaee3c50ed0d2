#include "admin/message_search.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "admin/message_search_sql.hpp"
#include "support/pg/connection.hpp"

namespace outbox::admin {
namespace {

using Clock = std::chrono::steady_clock;

// Of the rows that one statement looks at: few at first, since payloads may be large.
constexpr std::int64_t kFirstLook = 250;
constexpr std::int64_t kMostLook = 4'000;

constexpr std::array<std::string_view, 7> kStatuses{"pending",   "delayed", "retrying", "held",
                                                    "processed", "dead",    "discarded"};

Error wrong(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

Result<void> check(const MessageFilter& filter) {
  if (!filter.status.empty() &&
      std::find(kStatuses.begin(), kStatuses.end(), filter.status) == kStatuses.end()) {
    return wrong("status is pending, delayed, retrying, held, processed, dead or discarded");
  }
  if (filter.path.empty() != filter.value.empty()) {
    return wrong("path and value go together: path=$.customer.name&value=Ada");
  }
  return {};
}

bool of_exceptions(std::string_view status) {
  return status == "dead" || status == "retrying" || status == "delayed" || status == "discarded";
}

class Search {
 public:
  Search(PostgresOutbox& outbox, const PageRequest& page, const SearchBounds& bounds)
      : outbox_(&outbox), page_(page), bounds_(bounds) {}

  Result<MessagePage> run(const MessageFilter& filter) {
    auto tx = pg::Tx::begin(outbox_->connection(), kSearchBegin);
    if (!tx) return std::move(tx).error();
    if (auto parsed = parse(filter); !parsed) return std::move(parsed).error();
    if (auto chosen = choose_driver(); !chosen) return std::move(chosen).error();
    if (auto bounded = bound_range(); !bounded) return std::move(bounded).error();
    if (auto looked = look(); !looked) return std::move(looked).error();
    return std::move(found_);
  }

 private:
  [[nodiscard]] const MessageFilter& filter() const { return parsed_.filter; }

  Result<void> parse(const MessageFilter& filter) {
    parsed_.filter = filter;
    auto since = outbox_->moment(filter.since, "since");
    if (!since) return std::move(since).error();
    auto until = outbox_->moment(filter.until, "until");
    if (!until) return std::move(until).error();
    parsed_.since = *std::move(since);
    parsed_.until = *std::move(until);
    auto type = outbox_->payload_type();
    if (!type) return std::move(type).error();
    payload_ = PayloadSql{*std::move(type)};
    return filter.path.empty() ? Result<void>{} : parse_path();
  }

  Result<void> parse_path() {
    if (payload_.type() != "json" && payload_.type() != "jsonb") {
      return wrong("path is for payloads of type json or jsonb, and this outbox has " +
                   payload_.type());
    }
    auto path = parse_json_path(filter().path);
    if (!path) return std::move(path).error();
    if (std::any_of(path->begin(), path->end(),
                    [](const JsonStep& step) { return step.kind == JsonStep::Kind::every; })) {
      return wrong("path names one place: it has no *");
    }
    parsed_.path = *std::move(path);
    return {};
  }

  Result<void> choose_driver() {
    if (!filter().aggregate_id.empty()) {
      step_.driver = Driver::key;
    } else if (of_exceptions(filter().status) || !filter().error.empty()) {
      step_.driver = Driver::exceptions;
    } else if (filter().status == "held") {
      return choose_held();
    } else if (filter().status == "pending") {
      return choose_recent();
    }
    return {};
  }

  Result<void> choose_held() {
    const auto keys = outbox_->number(
        "select count(*) from (select 1 from ${outbox_exception} "
        "where holds_key and state = 'held' limit 101) h");
    if (!keys) return keys.error();
    step_.driver = *keys <= 100 ? Driver::held : Driver::table;
    return {};
  }

  // Whatever is pending was written by a transaction that some position has not passed. When there
  // are many, the newest messages are pending ones, and looking at all finds them at once.
  Result<void> choose_recent() {
    const auto lowest = outbox_->query(
        "select min(pg_snapshot_xmin(from_snapshot))::text, count(*) from ${outbox_position}");
    if (!lowest) return lowest.error();
    if (lowest->is_null(0, 0) || lowest->int8(0, 1) < 64) return {};
    step_.low_xid = lowest->text(0, 0);
    pg::Params params;
    params.text(step_.low_xid).int8(kMostRecent);
    const auto rows = outbox_->number(
        "select count(*) from (select 1 from ${outbox} where xid >= $1::xid8 "
        "order by xid, seq limit $2::bigint) r",
        params);
    if (!rows) return rows.error();
    if (*rows < kMostRecent) step_.driver = Driver::recent;
    return {};
  }

  Result<void> bound_range() {
    if (!parsed_.since.empty()) {
      const auto first = first_seq(*outbox_, parsed_.since, Margin::earlier);
      if (!first) return first.error();
      step_.range.low = *first;
    }
    if (!parsed_.until.empty()) {
      const auto last = first_seq(*outbox_, parsed_.until, Margin::later);
      if (!last) return last.error();
      step_.range.high = *last;
    }
    if (page_.cursor.empty()) return {};
    const auto cursor = cursor_number(page_.cursor);
    if (!cursor) return cursor.error();
    go_on_from(*cursor);
    return {};
  }

  void go_on_from(std::int64_t seq) {
    if (filter().ascending) {
      step_.range.low = std::max(step_.range.low, seq + 1);
    } else {
      step_.range.high = std::min(step_.range.high, seq - 1);
    }
  }

  Result<void> look() {
    const auto deadline = Clock::now() + bounds_.time;
    const bool filtered = filters_rows(step_.driver, filter());
    std::int64_t looked = 0;
    step_.look = filtered ? std::max(kFirstLook, page_.limit + 1) : page_.limit + 1;
    while (step_.range.low <= step_.range.high) {
      const auto began = Clock::now();
      const auto rows = look_once();
      if (!rows) return rows.error();
      looked += *rows;
      if (page_is_full() || *rows < step_.look) return {};
      if (looked >= bounds_.rows || Clock::now() >= deadline) {
        cut_short();
        return {};
      }
      adapt(Clock::now() - began, bounds_.rows - looked);
    }
    return {};
  }

  // How many rows were there to be looked at.
  Result<std::int64_t> look_once() {
    step_.take = page_.limit + 1 - static_cast<std::int64_t>(found_.items.size());
    const Statement statement = search_statement(step_, parsed_, payload_);
    const auto rows = outbox_->query(statement.sql, statement.params);
    if (!rows) return rows.error();
    const std::int64_t looked = rows->int8(0, 0);
    if (looked > 0) go_on_from(rows->int8(0, filter().ascending ? 2 : 1));
    for (Json& item : Json::parse(rows->text(0, 3)))
      found_.items.push_back(std::move(item));
    return looked;
  }

  bool page_is_full() {
    if (static_cast<std::int64_t>(found_.items.size()) <= page_.limit) return false;
    found_.items.erase(found_.items.size() - 1);
    found_.next_cursor = found_.items.back()["seq"].get<std::string>();
    return true;
  }

  void cut_short() {
    const SeqRange& range = step_.range;
    if (range.low > range.high) return;
    found_.searched_to = filter().ascending ? range.low - 1 : range.high + 1;
    found_.next_cursor = std::to_string(*found_.searched_to);
    found_.complete = false;
  }

  // The next statement takes about a fifth of the whole time.
  void adapt(Clock::duration took, std::int64_t left) {
    const std::int64_t wanted = took * 5 < bounds_.time ? step_.look * 2 : step_.look / 2;
    step_.look =
        std::clamp(wanted, std::int64_t{50}, std::min(kMostLook, std::max(left, std::int64_t{50})));
  }

  PostgresOutbox* outbox_;
  PageRequest page_;
  SearchBounds bounds_;
  ParsedFilter parsed_;
  PayloadSql payload_{"json"};
  SearchStep step_;
  MessagePage found_;
};

}  // namespace

Result<MessagePage> search_messages(PostgresOutbox& outbox, const MessageFilter& filter,
                                    const PageRequest& page, const SearchBounds& bounds) {
  if (auto fits = check_limit(page); !fits) return std::move(fits).error();
  if (auto fits = check(filter); !fits) return std::move(fits).error();
  return Search{outbox, page, bounds}.run(filter);
}

}  // namespace outbox::admin
