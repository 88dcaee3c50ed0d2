#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/result.hpp"
#include "sources/postgres_wal/lsn.hpp"
#include "sources/postgres_wal/pgoutput.hpp"

struct pg_conn;

namespace outbox::postgres_wal {

struct StreamOptions {
  // A direct connection, of a role with REPLICATION.
  std::string url;
  std::string application_name = "outbox wal";
  std::string slot;
  std::string publication;
};

// A slot has exactly what was committed from `lsn` on; `snapshot`, as pg_snapshot, sees exactly
// what was committed before.
struct NewSlot {
  std::string lsn;
  std::string snapshot;
};

// The command that makes it. From PostgreSQL 17 on a standby that synchronises its slots has it
// too, so that it outlives a failover.
[[nodiscard]] std::string create_slot_sql(const std::string& slot, int server_version);

// Makes a slot of the plugin pgoutput. Waits, at most `patience`, until the transactions have
// ended that are running. conflict: there is one of this name.
[[nodiscard]] Result<NewSlot> create_slot(const std::string& url, const std::string& slot,
                                          std::chrono::milliseconds patience);

// A connection on which the server sends what was committed, from a slot (PostgreSQL manual, 55.4
// Streaming Replication Protocol). One thread.
class ReplicationStream {
 public:
  // What committed before `from` is not sent, nor what the slot has confirmed. conflict: another
  // connection streams from the slot.
  [[nodiscard]] static Result<ReplicationStream> start(const StreamOptions& options, Lsn from);

  // A frame's bytes, valid until the next call; nothing when none is there. Never waits.
  [[nodiscard]] Result<std::optional<std::string_view>> read();
  // Tells the server. It may take the server a while to read it; this does not wait.
  [[nodiscard]] Result<void> report(Lsn received, Lsn flushed);

  // For poll: readable when there may be a frame.
  [[nodiscard]] int socket() const;

 private:
  struct Finish {
    void operator()(pg_conn* connection) const noexcept;
  };
  struct Free {
    void operator()(char* memory) const noexcept;
  };
  explicit ReplicationStream(pg_conn* connection) : connection_(connection) {}
  // How the stream ended; when it is at its end.
  [[nodiscard]] Error ended();

  std::unique_ptr<pg_conn, Finish> connection_;
  std::unique_ptr<char, Free> frame_;
};

}  // namespace outbox::postgres_wal
