#include "tests/e2e/system.hpp"

#include <csignal>
#include <filesystem>
#include <memory>
#include <regex>
#include <stdexcept>
#include <utility>

#include <curl/curl.h>

#include "tests/support/eventually.hpp"

namespace outbox::e2e {
namespace {

constexpr std::chrono::minutes kStackTimeout{3};
// The stack's own servers, not those that the other tests run on.
const Environment kNoServers{
    {"OUTBOX_TEST_POSTGRES", ""}, {"OUTBOX_TEST_KAFKA", ""}, {"OUTBOX_TEST_MONGO", ""}};

std::string log_of(const std::string& stack, const std::string& name) {
  const std::filesystem::path folder =
      std::filesystem::path{OUTBOX_SOURCE_DIR} / ".stack" / stack / "logs";
  std::filesystem::create_directories(folder);
  return folder / (name + ".log");
}

std::string variable(const std::string& environment, const std::string& name) {
  std::smatch match;
  if (!std::regex_search(environment, match, std::regex{name + "=['\"]?([^'\"\\s]+)"})) {
    throw std::runtime_error("./dev stack up did not print " + name);
  }
  return match[1];
}

bool answers(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(),
                                                                 &curl_easy_cleanup};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 2'000L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  long status = 0;
  return curl_easy_perform(curl.get()) == CURLE_OK &&
         curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
         status == 200;
}

}  // namespace

std::string program_path(const std::string& program) {
  return std::string{OUTBOX_BIN_DIR} + "/" + program;
}

Stack::Stack(std::string name) : name_(std::move(name)) {
  dev("down");  // what a killed test left
  const std::string environment = dev("up");
  postgres_ = variable(environment, "OUTBOX_TEST_POSTGRES");
  kafka_ = variable(environment, "OUTBOX_TEST_KAFKA");
  mongo_ = variable(environment, "OUTBOX_TEST_MONGO");
  run_command({program_path("outboxctl"), "migrate"}, {{"DATABASE_URL", postgres_}},
              log_of(name_, "migrate"), std::chrono::minutes{1});
}

Stack::~Stack() {
  try {
    dev("down");
  } catch (const std::exception&) {  // the next run begins with "down" as well
  }
}

void Stack::kill(const std::string& service) {
  dev("kill", service);
}
void Stack::start(const std::string& service) {
  dev("start", service);
}

std::string Stack::dev(const std::string& action, const std::string& argument) const {
  std::vector<std::string> command{OUTBOX_SOURCE_DIR "/dev", "stack", action};
  if (!argument.empty()) {
    command.push_back(argument);
  }
  command.insert(command.end(), {"--name", name_});
  return run_command(command, kNoServers, log_of(name_, "dev-stack"), kStackTimeout);
}

System::System(const Stack& stack) : stack_(stack) {
  for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
    ports_[program] = free_port();
    start(program);
  }
}

std::string System::url(const std::string& program) const {
  return "http://127.0.0.1:" + std::to_string(ports_.at(program));
}

void System::kill(const std::string& program) {
  running_.at(program).kill();
}

void System::start(const std::string& program) {
  const Environment environment{
      {"OUTBOX_HTTP__PORT", std::to_string(ports_.at(program))},
      {"DATABASE_URL", program == "invoice-service" ? "" : stack_.postgres()},
      {"OUTBOX_SINK__BROKERS", program == "outbox-processor" ? stack_.kafka() : ""},
      {"OUTBOX_SINK__ROUTES__ORDER", program == "outbox-processor" ? "order-events" : ""},
      {"OUTBOX_KAFKA__BROKERS", program == "invoice-service" ? stack_.kafka() : ""},
      {"MONGO_URI", program == "invoice-service" ? stack_.mongo() : ""}};
  running_.insert_or_assign(
      program, Process{{program_path(program)}, environment, log_of(stack_.name(), program)});
}

int System::stop(const std::string& program, std::chrono::milliseconds timeout) {
  running_.at(program).signal(SIGTERM);
  return running_.at(program).wait(timeout).value_or(-1);
}

bool System::ready(const std::string& program, std::chrono::milliseconds timeout) const {
  return test::eventually([&] { return answers(url(program) + "/readyz"); }, timeout);
}

}  // namespace outbox::e2e
