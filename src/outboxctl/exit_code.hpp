// How outboxctl ends. --help lists the same.
#pragma once

#include "outbox/result.hpp"

namespace outbox::ctl {

enum class ExitCode : int {
  ok = 0,
  failed = 1,       // refused, by the state of things or by the database
  usage = 2,        // the command line or the environment is wrong
  unreachable = 3,  // the database is away or a lock was not free: trying again may help
};

[[nodiscard]] inline ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
      return ExitCode::usage;
    case ErrorCode::source_unavailable:
    case ErrorCode::timeout:
      return ExitCode::unreachable;
    default:
      return ExitCode::failed;
  }
}

}  // namespace outbox::ctl
