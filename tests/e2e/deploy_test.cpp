// What deploy/ asks Prometheus for is what the programs tell it, and each alert leads to a remedy.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "demo/order_driver.hpp"
#include "tests/e2e/system.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http/test_client.hpp"

namespace outbox::e2e {
namespace {

using namespace std::chrono_literals;

using Names = std::set<std::string>;

std::string file(const std::string& path) {
  std::ifstream in{OUTBOX_SOURCE_DIR "/" + path};
  EXPECT_TRUE(in) << path << " cannot be read";
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The first group of each match.
std::vector<std::string> all_of(const std::string& text, const char* pattern) {
  const std::regex regex{pattern};
  std::vector<std::string> found;
  for (auto match = std::sregex_iterator{text.begin(), text.end(), regex};
       match != std::sregex_iterator{}; ++match) {
    found.push_back((*match)[1].str());
  }
  return found;
}

// The names of the labels of each metric.
std::map<std::string, Names> labels_of(const std::string& exposition) {
  std::map<std::string, Names> metrics;
  std::istringstream lines{exposition};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    Names& labels = metrics[line.substr(0, line.find_first_of("{ "))];
    for (const std::string& label : all_of(line, R"re(([a-z_]+)=")re"))
      labels.insert(label);
  }
  return metrics;
}

std::vector<std::string> asked_by_grafana() {
  std::vector<std::string> found;
  const auto dashboard = nlohmann::json::parse(file("deploy/grafana/outbox.json"));
  for (const auto& panel : dashboard["panels"]) {
    for (const auto& target : panel.value("targets", nlohmann::json::array()))
      found.push_back(target["expr"].get<std::string>());
  }
  return found;
}

// Prometheus adds the first two, and the quantile's function wants the third.
bool is_of_prometheus(const std::string& label) {
  return label == "job" || label == "instance" || label == "le";
}

Names labels_in(const std::string& expr) {
  Names names;
  for (const std::string& selector : all_of(expr, R"re(\{([^}]*)\})re")) {
    for (const std::string& label : all_of(selector, R"re(([a-z_]+)\s*[=!])re"))
      names.insert(label);
  }
  for (const std::string& list : all_of(expr, R"re(\bby \(([^)]*)\))re")) {
    for (const std::string& label : all_of(list, "([a-z_]+)"))
      names.insert(label);
  }
  return names;
}

// As GitHub makes it of a heading.
std::string anchor(const std::string& heading) {
  std::string text;
  for (const char c : heading) {
    if (c == ' ') text += '-';
    if (c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0)
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

TEST(Deploy, each_alert_has_a_severity_a_summary_and_a_place_in_the_runbook) {
  const std::string rules = file("deploy/prometheus/outbox-alerts.yml");
  const auto alerts = all_of(rules, "- alert: (\\w+)");
  EXPECT_GT(alerts.size(), 10U);
  EXPECT_EQ(all_of(rules, "(severity): (?:warning|critical)").size(), alerts.size());
  EXPECT_EQ(all_of(rules, "(summary): \"").size(), alerts.size());

  Names anchors;
  for (const std::string& heading : all_of(file("docs/runbook.md"), "\n## ([^\n]+)"))
    anchors.insert(anchor(heading));
  const auto places = all_of(rules, "runbook_url: docs/runbook.md#(\\S+)");
  EXPECT_EQ(places.size(), alerts.size());
  for (const std::string& place : places)
    EXPECT_TRUE(anchors.contains(place)) << "docs/runbook.md has no #" << place;
  for (const std::string& link : all_of(file("docs/runbook.md"), "\\]\\(#([^)]+)\\)"))
    EXPECT_TRUE(anchors.contains(link)) << "docs/runbook.md has no #" << link;
}

TEST(Deploy, every_metric_and_label_that_is_asked_for_is_told_by_a_program) {
  const test::OwnStack stack{"deploy", "postgres,kafka,mongo"};
  const System system{stack};
  const std::vector<std::string> programs{"order-service", "outbox-processor", "invoice-service"};
  for (const std::string& program : programs)
    ASSERT_TRUE(system.ready(program, 60s)) << program << " is not ready";
  demo::DriverOptions options;
  options.orders_url = system.url("order-service");
  options.orders = 1;
  options.deadline = std::chrono::steady_clock::now() + 30s;
  ASSERT_TRUE(demo::send_orders(options, [](const demo::DriverReport&) {}));

  std::string told;
  ASSERT_TRUE(test::eventually([&] {
    told.clear();
    for (const std::string& program : programs)
      told += http::testing::request(system.port(program), "GET", "/metrics").body;
    return told.find("outbox_consumer_events_total{") != std::string::npos &&
           told.find("outbox_consumer_lag{") != std::string::npos &&
           told.find("outbox_messages_published_total{") != std::string::npos;
  })) << "the order did not come through, or nobody looks at the consumer's lag";

  const auto metrics = labels_of(told);
  std::vector<std::string> asked =
      all_of(file("deploy/prometheus/outbox-alerts.yml"), "\n\\s*expr: ([^\n]+)");
  EXPECT_GT(asked.size(), 10U);
  const std::vector<std::string> of_panels = asked_by_grafana();
  EXPECT_GT(of_panels.size(), 10U);
  std::ranges::copy(of_panels, std::back_inserter(asked));
  for (const std::string& expr : asked) {
    Names known;
    for (const std::string& name : all_of(expr, R"re(\b((?:outbox|orders|http)_[a-z_]+))re")) {
      const auto metric = metrics.find(name);
      if (metric == metrics.end()) {
        ADD_FAILURE() << "no program tells " << name << ", asked for in: " << expr;
      } else {
        known.insert(metric->second.begin(), metric->second.end());
      }
    }
    for (const std::string& label : labels_in(expr)) {
      EXPECT_TRUE(is_of_prometheus(label) || known.contains(label))
          << "no metric in it has the label " << label << ": " << expr;
    }
  }
}

}  // namespace
}  // namespace outbox::e2e
