#include "tests/e2e/system.hpp"

#include <csignal>
#include <memory>
#include <stdexcept>
#include <utility>

#include <curl/curl.h>

#include "tests/support/eventually.hpp"

namespace outbox::e2e {
namespace {

std::string path_of(const std::string& program) {
  return std::string{OUTBOX_BIN_DIR} + "/" + program;
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

System::System(const test::OwnStack& stack, Environment settings)
    : stack_(stack), settings_(std::move(settings)) {
  const std::string log = stack.logs() + "/migrate.log";
  Process migrate{{path_of("outboxctl"), "migrate"},
                  {{"DATABASE_URL", stack.variable("OUTBOX_TEST_POSTGRES")}},
                  log};
  if (migrate.wait(std::chrono::minutes{1}) != 0) {
    throw std::runtime_error("outboxctl migrate failed; see " + log);
  }
  for (const char* program : {"order-service", "outbox-processor", "invoice-service"}) {
    ports_[program] = free_port();
    start(program);
  }
}

std::string System::url(const std::string& program) const {
  return "http://127.0.0.1:" + std::to_string(ports_.at(program));
}

std::uint16_t System::port(const std::string& program) const {
  return static_cast<std::uint16_t>(ports_.at(program));
}

void System::kill(const std::string& program) {
  running_.at(program).kill();
}

void System::start(const std::string& program) {
  const std::string kafka = stack_.variable("OUTBOX_TEST_KAFKA");
  const bool invoices = program == "invoice-service";
  const bool relay = program == "outbox-processor";
  Environment environment{{"OUTBOX_HTTP__PORT", std::to_string(ports_.at(program))},
                          {"DATABASE_URL", invoices ? "" : stack_.variable("OUTBOX_TEST_POSTGRES")},
                          {"OUTBOX_SINK__BROKERS", relay ? kafka : ""},
                          {"OUTBOX_SINK__ROUTES__ORDER", relay ? "order-events" : ""},
                          {"OUTBOX_SINK__CONSUMER_GROUPS", relay ? "invoice-group" : ""},
                          {"OUTBOX_KAFKA__BROKERS", invoices ? kafka : ""},
                          {"MONGO_URI", invoices ? stack_.variable("OUTBOX_TEST_MONGO") : ""}};
  environment.insert(settings_.begin(), settings_.end());
  running_.insert_or_assign(
      program, Process{{path_of(program)}, environment, stack_.logs() + "/" + program + ".log"});
}

int System::stop(const std::string& program, std::chrono::milliseconds timeout) {
  running_.at(program).signal(SIGTERM);
  return running_.at(program).wait(timeout).value_or(-1);
}

bool System::ready(const std::string& program, std::chrono::milliseconds timeout) const {
  return test::eventually([&] { return answers(url(program) + "/readyz"); }, timeout);
}

}  // namespace outbox::e2e
