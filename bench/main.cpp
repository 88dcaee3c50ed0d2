// outbox-bench: what ./dev bench measures with. Minimal loops that show what the machine can do,
// and the clients that it needs for PostgreSQL and Kafka; bench/run.py calls it.
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "bench/tool.hpp"

namespace outbox::bench {
namespace {

constexpr const char* kUsage = R"(usage: outbox-bench VERB --name value...

  topic create|delete|await    a topic; await tells when so many records had arrived in it
  read                         reads the outbox, nothing else
  produce                      sends rows that are in memory already
  read-produce                 reads and sends, marks nothing
  wal                          the same by logical replication
  naive-relay                  SELECT what is unprocessed, send one and wait, UPDATE it
  latency                      writes at a steady rate, and notes when each message is consumed
  latency-produce              the same without a database
  mongo-insert                 inserts documents like invoices, in batches
)";

int run(const std::vector<std::string>& arguments) {
  const std::map<std::string, std::function<int(const Options&)>> verbs = {
      {"read", loop_read},
      {"produce", loop_produce},
      {"read-produce", loop_read_produce},
      {"wal", loop_wal},
      {"naive-relay", naive_relay},
      {"latency", latency},
      {"mongo-insert", mongo_insert},
      {"latency-produce", latency_produce},
  };
  const std::string verb = arguments.empty() ? "" : arguments.front();
  if (verb == "topic") return topic({arguments.begin() + 1, arguments.end()});
  const auto found = verbs.find(verb);
  if (found == verbs.end()) {
    std::cerr << kUsage;
    return 2;
  }
  return found->second(Options({arguments.begin() + 1, arguments.end()}));
}

}  // namespace
}  // namespace outbox::bench

int main(int argc, char** argv) {
  try {
    return outbox::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "outbox-bench: " << error.what() << '\n';
    return 1;
  }
}
