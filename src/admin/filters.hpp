// Which messages an operator means.
#pragma once

#include <string>
#include <vector>

namespace outbox::admin {

// Times are as people write them: "2h" for two hours ago, or what PostgreSQL takes.
struct DeadLetterFilter {
  std::vector<std::string> names;  // seqs or message ids; then nothing else is set
  std::string key;                 // of the rest, empty: every one
  std::string type;
  std::string error;  // a part of the last error
  std::string since;  // dead since then or later
  std::string aggregate_type{};
  // Instead of dead ones, delivered messages that are to be sent once more.
  bool replays = false;
};

// Of the delivered messages.
struct ReplayFilter {
  std::string since;  // empty: from the first one
  std::string until;  // exclusive; empty: to the last one
  std::string key;    // empty: every one
  std::string type;
  std::string id;
};

}  // namespace outbox::admin
