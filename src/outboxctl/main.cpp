#include <exception>
#include <iostream>

#include "outboxctl/command_line.hpp"

int main(int argc, char** argv) {
  try {
    return static_cast<int>(outbox::ctl::run(argc, argv, std::cout, std::cerr));
  } catch (const std::exception& error) {
    std::cerr << "outboxctl: " << error.what() << '\n';
    return static_cast<int>(outbox::ctl::ExitCode::failed);
  }
}
