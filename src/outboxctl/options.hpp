// What the command line asks for.
#pragma once

#include <cstdint>
#include <string>

#include "outbox/outbox.hpp"

namespace outbox::ctl {

enum class Format { text, json };

struct CommonOptions {
  std::string database_url;  // empty: the environment tells
  std::string table = "outbox";
  Format format = Format::text;
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

}  // namespace outbox::ctl
