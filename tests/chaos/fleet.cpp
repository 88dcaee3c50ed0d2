#include "tests/chaos/fleet.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace outbox::chaos {

char process_state(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(") ");  // of the name, which may hold anything
  return end == std::string::npos || end + 2 >= text.size() ? '-' : text[end + 2];
}

bool expects_signal(pid_t pid, int number) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  std::uint64_t expected = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:") || line.starts_with("SigCgt:")) {
      expected |= std::stoull(line.substr(line.find(':') + 1), nullptr, 16);
    }
  }
  return ((expected >> (number - 1)) & 1) == 1;
}

bool is_gone(pid_t pid) {
  const char state = process_state(pid);
  return state == '-' || state == 'Z' || state == 'X';
}

void Fleet::add(ProgramSpec spec) {
  const std::string name = spec.name;
  std::filesystem::remove(log(name));  // of an earlier run
  programs_[name] = Program{std::move(spec), e2e::free_port(), std::nullopt};
  start(name);
}

std::vector<std::string> Fleet::names(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [name, program] : programs_) {
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

std::string Fleet::url(const std::string& name) const {
  return "http://127.0.0.1:" + std::to_string(programs_.at(name).port);
}

std::string Fleet::log(const std::string& name) const {
  return log_folder_ + "/" + name + ".log";
}

std::string Fleet::last_words(const std::string& name) const {
  std::ifstream file{log(name)};
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = std::move(line);
  }
  return last;
}

pid_t Fleet::pid(const std::string& name) const {
  return programs_.at(name).process->pid();
}

char Fleet::state(const std::string& name) const {
  return process_state(pid(name));
}

bool Fleet::expects(const std::string& name, int number) const {
  return expects_signal(pid(name), number);
}

void Fleet::start(const std::string& name, const e2e::Environment& changes) {
  Program& program = programs_.at(name);
  e2e::Environment environment = program.spec.environment;
  environment["OUTBOX_HTTP__PORT"] = std::to_string(program.port);
  for (const auto& [variable, value] : changes) {
    environment[variable] = value;
  }
  program.process.emplace(program.spec.command, environment, log(name));
}

void Fleet::signal(const std::string& name, int number) const {
  programs_.at(name).process->signal(number);
}

std::optional<int> Fleet::wait(const std::string& name, std::chrono::milliseconds timeout) {
  e2e::Process& process = *programs_.at(name).process;
  // Of one that was reaped before, nobody knows any more; it has ended, that is sure.
  return process.pid() < 0 ? -1 : process.wait(timeout);
}

}  // namespace outbox::chaos
