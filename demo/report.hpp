// An audit as people and programs read it.
#pragma once

#include <string>

#include "demo/audit.hpp"

namespace outbox::demo {

// One line: {"orders":…,"outbox_rows":…,…}.
[[nodiscard]] std::string report_json(const AuditReport& report, double elapsed_s);

// A table and a verdict; `elapsed_s` 0: not shown.
[[nodiscard]] std::string report_table(const AuditReport& report, double elapsed_s);

}  // namespace outbox::demo
