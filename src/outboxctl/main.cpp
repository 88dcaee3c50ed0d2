#include <exception>
#include <iostream>
#include <unistd.h>

#include "outboxctl/command_line.hpp"

int main(int argc, char** argv) {
  try {
    const bool interactive = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    outbox::ctl::Console console{std::cin, std::cout, std::cerr, interactive};
    return static_cast<int>(outbox::ctl::run(argc, argv, console));
  } catch (const std::exception& error) {
    std::cerr << "outboxctl: " << error.what() << '\n';
    return static_cast<int>(outbox::ctl::ExitCode::failed);
  }
}
