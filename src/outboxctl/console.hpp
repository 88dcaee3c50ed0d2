// Where a command reads and writes.
#pragma once

#include <istream>
#include <ostream>

namespace outbox::ctl {

struct Console {
  std::istream& in;          // answers
  std::ostream& out;         // results
  std::ostream& err;         // questions, and what went wrong
  bool interactive = false;  // a person sees `err` and types into `in`
};

}  // namespace outbox::ctl
