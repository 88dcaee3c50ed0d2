#include "bench/tool.hpp"

#include <chrono>
#include <cstdlib>
#include <sys/resource.h>

#include <fmt/format.h>

namespace outbox::bench {
namespace {

double wall_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double cpu_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

void fail(const std::string& what) {
  throw std::runtime_error(what);
}

Options::Options(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (!arguments[i].starts_with("--") || i + 1 == arguments.size()) {
      fail("expected --name value, not " + arguments[i]);
    }
    values_[arguments[i].substr(2)] = arguments[i + 1];
  }
}

const std::string& Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) fail("--" + name + " is missing");
  return found->second;
}

std::string Options::text(const std::string& name, const std::string& otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

std::int64_t Options::number(const std::string& name) const {
  return std::stoll(text(name));
}

std::int64_t Options::number(const std::string& name, std::int64_t otherwise) const {
  return values_.contains(name) ? number(name) : otherwise;
}

double Options::real(const std::string& name) const {
  return std::stod(text(name));
}

void Stopwatch::begin() {
  wall_ = wall_now();
  cpu_ = cpu_now();
}

double Stopwatch::seconds() const {
  return wall_now() - wall_;
}

double Stopwatch::cpu_seconds() const {
  return cpu_now() - cpu_;
}

void print_result(std::int64_t rows, const Stopwatch& watch) {
  fmt::print("{{\"rows\":{},\"seconds\":{:.6f},\"cpu_seconds\":{:.6f}}}\n", rows, watch.seconds(),
             watch.cpu_seconds());
}

}  // namespace outbox::bench
