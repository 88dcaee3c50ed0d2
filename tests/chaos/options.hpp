// What ./dev chaos is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outbox::chaos {

struct Options {
  std::uint64_t seed = 0;
  double minutes = 8;
  int relays = 3;
  std::string source = "table";  // what the relays read: or "wal"
  bool exactly_once = false;     // they send in transactions, and no duplicate is allowed
  std::string json_file;
  std::string programs;           // the folder with outbox-processor and the others
  std::vector<std::string> only;  // fault classes; empty: all
  double rate = 350;              // messages a second, all writers together
  int writers = 16;
  bool keep = false;  // the stack's folder, with the logs, also after a good run
  std::vector<std::string> relay_settings;  // path=value, for every relay
};

// Nothing: the program is to end with `exit_code`, as what was asked for was printed or refused.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace outbox::chaos
