#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// What the verbs of outbox-bench share. Each verb prints one line of JSON; what fails, throws.
namespace outbox::bench {

[[noreturn]] void fail(const std::string& what);

// --name value pairs.
class Options {
 public:
  explicit Options(const std::vector<std::string>& arguments);

  [[nodiscard]] const std::string& text(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const;
  [[nodiscard]] std::int64_t number(const std::string& name) const;
  [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise) const;
  [[nodiscard]] double real(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

// Wall time and this process's CPU time, of all its threads, since `begin`.
class Stopwatch {
 public:
  void begin();
  [[nodiscard]] double seconds() const;
  [[nodiscard]] double cpu_seconds() const;

 private:
  double wall_ = 0;
  double cpu_ = 0;
};

// {"rows":…,"seconds":…,"cpu_seconds":…}
void print_result(std::int64_t rows, const Stopwatch& watch);

int topic(const std::vector<std::string>& arguments);
int loop_read(const Options& options);
int loop_produce(const Options& options);
int loop_read_produce(const Options& options);
int loop_wal(const Options& options);
int naive_relay(const Options& options);
int mongo_insert(const Options& options);
int latency(const Options& options);
int latency_produce(const Options& options);

}  // namespace outbox::bench
