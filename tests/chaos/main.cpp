// Breaks the real system in every way while writers commit, heals it, and counts what became of
// their messages. ./dev chaos runs it.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>

#include "tests/chaos/options.hpp"
#include "tests/chaos/report.hpp"
#include "tests/chaos/run.hpp"

namespace outbox::chaos {
namespace {

constexpr int kBrokenPromise = 1;
constexpr int kNotDone = 2;

std::atomic<bool> interrupted{false};

// Not blocked signals, as telemetry::StopSignals has them: every server and program that is started
// would inherit that.
void on_signal(int) {
  interrupted = true;
}

int main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<Options> options = parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(number, on_signal);
  }
  try {
    const Report report = run(*options, interrupted);
    std::fputs(to_text(report).c_str(), stdout);
    if (!options->json_file.empty()) {
      std::ofstream file{options->json_file};
      file << to_json(report);
      if (!file.flush()) throw std::runtime_error("cannot write " + options->json_file);
    }
    return report.broken().empty() ? 0 : kBrokenPromise;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: the run could not be done: %s\n", error.what());
    return kNotDone;
  }
}

}  // namespace
}  // namespace outbox::chaos

int main(int argc, char** argv) {
  return outbox::chaos::main(argc, argv);
}
