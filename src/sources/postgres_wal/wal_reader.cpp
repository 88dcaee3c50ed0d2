#include "sources/postgres_wal/wal_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>
#include <string>
#include <utility>

#include "sources/arena.hpp"
#include "sources/stop_fd.hpp"

namespace outbox::postgres_wal {
namespace {

// Far more often than wal_sender_timeout (60 s by default, 1 s at least) asks for, and often enough
// that the server's log does not grow for want of it.
constexpr std::chrono::milliseconds kReportInterval{250};

// Who is sent what committed longer ago is behind.
constexpr std::chrono::microseconds kBehind{100'000};

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// A page that is being filled.
struct WalReader::Page {
  Batch batch;
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
  std::vector<std::uint64_t> xids;
  std::int64_t now_us = 0;
};

Result<std::unique_ptr<WalReader>> WalReader::start(
    const WalReaderOptions& options, Lsn from, std::int64_t inside,
    std::function<bool(std::uint64_t xid)> known, std::shared_ptr<const std::atomic<Lsn>> flushed) {
  Result<ReplicationStream> stream = ReplicationStream::start(options.stream, from);
  if (!stream) {
    return std::move(stream).error();
  }
  return std::unique_ptr<WalReader>{new WalReader{options, *std::move(stream), from, inside,
                                                  std::move(known), std::move(flushed)}};
}

WalReader::WalReader(WalReaderOptions options, ReplicationStream stream, Lsn from,
                     std::int64_t inside, std::function<bool(std::uint64_t xid)> known,
                     std::shared_ptr<const std::atomic<Lsn>> flushed)
    : options_(std::move(options)),
      known_(std::move(known)),
      stream_(std::move(stream)),
      received_(from),
      done_(inside),
      flushed_(std::move(flushed)),
      reporter_([this](const std::stop_token& stop) { report_until(stop); }) {}

WalReader::~WalReader() {
  reporter_.request_stop();
  reporter_.join();
  if (!failure_) {
    static_cast<void>(report());  // what the next reader need not read again
  }
}

Result<WalPage> WalReader::next(std::size_t rows, std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  if (failure_) {
    return *failure_;
  }
  Page page;
  page.now_us = now_us();
  while (page.batch.records.size() < rows && page.arena->used() < bytes) {
    const Result<std::optional<std::string_view>> frame =
        put_back_.data() != nullptr ? std::optional{std::exchange(put_back_, {})} : stream_.read();
    if (!frame) {
      return frame.error();
    }
    if (!*frame) {
      break;
    }
    if (Result<void> taken = take(**frame, page); !taken) {
      return std::move(taken).error();
    }
  }
  if (Result<void> taken = take_commit(page); !taken) {
    return std::move(taken).error();
  }
  page.batch.storage = std::move(page.arena);
  page.batch.behind = behind_;
  return WalPage{std::move(page.batch), received_, inside_, std::move(page.xids)};
}

// The last row is often the last of its transaction, too: with the commit behind it, it need not be
// read again when the page is settled.
Result<void> WalReader::take_commit(Page& page) {
  if (!in_transaction_ || page.batch.records.empty() || put_back_.data() != nullptr) {
    return {};
  }
  const Result<std::optional<std::string_view>> frame = stream_.read();
  if (!frame || !*frame) {
    return frame ? Result<void>{} : Result<void>{frame.error()};
  }
  const Result<Frame> unwrapped = unwrap(**frame);
  const auto* const data = unwrapped ? std::get_if<WalData>(&*unwrapped) : nullptr;
  if (data != nullptr && data->message.starts_with('C')) {
    return take(**frame, page);
  }
  put_back_ = **frame;
  return {};
}

Result<void> WalReader::take(std::string_view frame, Page& page) {
  const Result<Frame> unwrapped = unwrap(frame);
  if (!unwrapped) {
    return unwrapped.error();
  }
  if (const auto* keepalive = std::get_if<Keepalive>(&*unwrapped)) {
    if (!in_transaction_) {
      received_ = std::max(received_, keepalive->wal_end);
    }
    return keepalive->reply_requested ? report() : Result<void>{};
  }
  const auto& [sent_at_us, message] = std::get<WalData>(*unwrapped);
  sent_at_us_ = sent_at_us;
  // A row stays as long as the batch; everything else is done with at once.
  const bool row = message.starts_with('I');
  const Result<Change> change =
      decode(row ? page.arena->add(message.data(), message.size()) : message);
  return change ? take(*change, page) : Result<void>{change.error()};
}

Result<void> WalReader::take(const Change& change, Page& page) {
  if (const auto* begin = std::get_if<Begin>(&change)) {
    in_transaction_ = true;
    behind_ = sent_at_us_ - begin->committed_at_us > kBehind.count();
  } else if (const auto* commit = std::get_if<Commit>(&change)) {
    in_transaction_ = false;
    inside_ = 0;
    done_ = 0;
    received_ = std::max(received_, commit->end_lsn);
  } else if (const auto* relation = std::get_if<Relation>(&change)) {
    if (relation->schema == options_.schema && relation->table == options_.table) {
      Result<RowShape> shape = RowShape::of(*relation);
      if (!shape) {
        return std::move(shape).error();
      }
      relation_ = relation->id;
      shape_ = *std::move(shape);
    }
  } else if (const auto* insert = std::get_if<Insert>(&change)) {
    if (relation_ != insert->relation) {
      return {};  // of another table that someone has added to the publication
    }
    const Result<OutboxRow> read = shape_->read(insert->tuple, page.now_us);
    if (!read) {
      return read.error();
    }
    if (is_new() && !known_(read->xid)) {
      page.batch.records.push_back(read->record);
      if (page.xids.empty() || page.xids.back() != read->xid) {
        page.xids.push_back(read->xid);
      }
    }
  } else if (const auto* emitted = std::get_if<Emitted>(&change)) {
    return take(*emitted, page);
  }
  return {};
}

Result<void> WalReader::take(const Emitted& emitted, Page& page) {
  if (!emitted.transactional || emitted.prefix != options_.emit_prefix) {
    return {};  // another program's, or a forged one
  }
  Result<Record> record = RowShape::read_emitted(
      page.arena->add(emitted.content.data(), emitted.content.size()), page.now_us);
  if (!record) {
    return std::move(record).error();
  }
  if (is_new()) {
    page.batch.records.push_back(*record);
  }
  return {};
}

bool WalReader::is_new() {
  return ++inside_ > done_;
}

void WalReader::await_work(std::chrono::milliseconds timeout, const std::stop_token& stop) const {
  const StopFd stopped{stop};
  std::array<pollfd, 2> fds{pollfd{stopped.get(), POLLIN, 0}, pollfd{stream_.socket(), POLLIN, 0}};
  static_cast<void>(poll(fds.data(), fds.size(), static_cast<int>(timeout.count())));
}

void WalReader::report_until(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stopped_.wait_for(lock, stop, kReportInterval, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) {
      return;
    }
    if (Result<void> reported = report(); !reported) {
      failure_ = std::move(reported).error();  // the next to read is told
      return;
    }
  }
}

// With the mutex.
Result<void> WalReader::report() {
  return stream_.report(received_, *flushed_);
}

}  // namespace outbox::postgres_wal
