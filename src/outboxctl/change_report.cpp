#include "outboxctl/change_report.hpp"

#include "outboxctl/output.hpp"
#include "support/text/rfc3339.hpp"

namespace outbox::ctl {

void ChangeReport::schedule(const admin::Schedule& schedule) {
  if (schedule.rate == 0 || selected == 0) return;
  last_due_at =
      text::rfc3339_millis(schedule.due_us(static_cast<std::size_t>(selected) - 1) / 1000);
}

void ChangeReport::print(const CommonOptions& common, std::ostream& out) const {
  if (common.format == Format::json) {
    Json json{
        {"table", common.table}, {"selected", selected}, {done, changed}, {"dry_run", dry_run}};
    if (!last_due_at.empty()) json["last_due_at"] = last_due_at;
    print_line(out, json);
    return;
  }
  out << (dry_run ? planned : done) << ' ' << count_of(dry_run ? selected : changed, "message");
  if (!last_due_at.empty()) out << ", the last one due at " << last_due_at;
  out << '\n';
  if (!dry_run && changed < selected) {
    out << selected - changed << " were left as they are: they had changed meanwhile\n";
  }
}

}  // namespace outbox::ctl
