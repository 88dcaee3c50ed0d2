// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/filters.hpp"
#include "outbox/outbox.hpp"

namespace outbox::ctl {

enum class Format { text, json };

struct CommonOptions {
  std::string database_url;  // empty: the environment tells
  std::string table = "outbox";
  std::string server;      // an outbox-processor that is asked instead; empty: none
  std::string token_file;  // of the server; empty: no token is sent
  std::string ca_file;     // PEM, for the server; empty: the certificates that the system trusts
  Format format = Format::text;
  bool yes = false;  // nobody is asked whether it is meant
};

struct MigrateOptions {
  PayloadType payload_type = PayloadType::json;
  bool down = false;
};

struct MessagesOptions {
  std::string status;  // empty: every one
  std::string key;     // empty: every one
  std::int64_t limit = 50;
};

struct DeadLetterOptions {
  admin::DeadLetterFilter filter;
  bool all = false;
  std::int64_t limit = 50;   // of list
  std::int64_t rate = 0;     // messages a second; 0: no limit
  std::string payload_file;  // empty: the payload stays as it is
  bool dry_run = false;
};

struct ReplayOptions {
  admin::ReplayFilter filter;
  std::string topic;  // empty: where it went before
  std::int64_t rate = 0;
  bool dry_run = false;
};

// Of pause and resume. Neither of them: everything.
struct PauseOptions {
  std::string topic;
  std::optional<int> shard;
};

struct ShardOptions {
  int shard = 0;
  std::string relay;  // to which it moves
};

struct ResetOptions {
  bool other_history = false;  // only what Kafka's transactions are compared with
};

struct UseOptions {
  std::string mode;  // "table" or "wal"
  std::string slot;  // empty: the usual name
  bool accept_gap = false;
};

struct TokenOptions {
  std::string file;  // empty: OUTBOX_HTTP__TOKENS_FILE names it
  std::string name;
  std::string role = "viewer";
};

// Of the relay, as outbox-processor takes them.
struct ConfigOptions {
  std::string file;
  std::vector<std::string> settings;  // path=value
};

// Of the settings that the relay has, only sink.topic and the source's table do not count.
struct BenchOptions {
  std::int64_t messages = 100'000;
  std::int64_t payload_bytes = 256;
  std::int64_t rate = 1'000;  // messages a second, for the latency
  std::int64_t seconds = 10;  // of the latency
  bool cleanup = false;       // remove what killed runs left, and do nothing else
};

}  // namespace outbox::ctl
