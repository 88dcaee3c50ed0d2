#include <fstream>

#include "outboxctl/outboxctl_fixture.hpp"
#include "tests/support/temporary_folder.hpp"

namespace outbox::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

// Seq 1 is the dead head of key a, and 2 waits behind it; 3 and 4 of key b were skipped; 5 of key c
// is tried for ever; 6 of key d is delayed; 7 of key e was delivered.
class DeadLettersTest : public OutboxctlDatabaseTest {
 protected:
  explicit DeadLettersTest(const MigrationOptions& options = {}) : OutboxctlDatabaseTest(options) {
    write({"a", "a", "b", "b", "c", "d", "e"});
    pass_all();
    exec(
        "insert into outbox_exception (seq, until_seq, shard, key, state, holds_key, attempts, "
        "last_error, due_at, updated_at) values "
        "(1, null, 0, 'a', 'dead', true, 20, 'too large', null, '2025-11-01'), "
        "(2, 2, 0, 'a', 'held', true, 0, null, null, now()), "
        "(3, null, 0, 'b', 'dead', false, 3, 'rejected by policy', null, now()), "
        "(4, null, 0, 'b', 'dead', false, 3, 'too large\x1b', null, now()), "
        "(5, null, 0, 'c', 'retrying', true, 7, 'timed out', '2030-01-01', now()), "
        "(6, null, 0, 'd', 'delayed', false, 0, null, '2030-01-01', now())");
    exec(
        "insert into outbox_attempt (seq, attempt, relay, error) values "
        "(1, 1, 'relay-1', 'broker says no'), (1, 2, 'relay-2', 'too large')");
    exec("update outbox set type = 'OrderVoid' where seq = 4");
  }

  // "1 retrying, 5 retrying": those that are in one of the states.
  std::string states(const std::string& states) {
    return value(
        "select coalesce(string_agg(seq || ' ' || state, ', ' order by seq), '') "
        "from outbox_exception where state = any ('" +
        states + "')");
  }
  std::string revision() { return value("select revision from outbox_control"); }
};

TEST_F(DeadLettersTest, ListsThemWithTheirCauses) {
  const auto all = json_of({"dead-letters", "list"});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["seq"], 1);
  EXPECT_EQ(all[0]["key"], "a");
  EXPECT_EQ(all[0]["holds_key"], true);
  EXPECT_EQ(all[0]["attempts"], 20);
  EXPECT_EQ(all[0]["dead_since"], "2025-11-01T00:00:00.000Z");
  EXPECT_EQ(all[1]["last_error"], "rejected by policy");
  const Outcome text = outboxctl({"dead-letters", "list", "--limit", "3"});
  EXPECT_THAT(text.out, HasSubstr("too large\\x1b"));
  EXPECT_THAT(text.out, HasSubstr("waits"));
  EXPECT_THAT(text.out, HasSubstr("there may be more"));
  EXPECT_THAT(text.out, Not(HasSubstr("price"))) << "payloads are for export alone";
}

TEST_F(DeadLettersTest, FiltersThem) {
  const auto seqs = [&](const std::string& flag, const std::string& argument) {
    std::string found;
    for (const auto& letter : json_of({"dead-letters", "list", flag, argument}))
      found += letter["seq"].dump() + " ";
    return found;
  };
  EXPECT_EQ(seqs("--key", "b"), "3 4 ");
  EXPECT_EQ(seqs("--key", "c"), "") << "it is not dead";
  EXPECT_EQ(seqs("--type", "OrderVoid"), "4 ");
  EXPECT_EQ(seqs("--error", "too large"), "1 4 ");
  EXPECT_EQ(seqs("--error", "too%"), "") << "the text is taken as it is";
  EXPECT_EQ(seqs("--since", "1h"), "3 4 ");
  EXPECT_EQ(seqs("--since", "2025-10-31"), "1 3 4 ");
  EXPECT_EQ(seqs("--limit", "1"), "1 ");
  const Outcome wrong = outboxctl({"dead-letters", "list", "--since", "lately"});
  EXPECT_EQ(wrong.code, ExitCode::usage);
  EXPECT_THAT(wrong.err, HasSubstr("--since"));
}

TEST_F(DeadLettersTest, RetriesEachAsItsKeyNeedsIt) {
  const auto report = json_of({"dead-letters", "retry", "--all"});
  EXPECT_EQ(report["retried"], 3);
  EXPECT_EQ(states("{retrying,delayed}"),
            "1 retrying, 3 delayed, 4 delayed, 5 retrying, 6 delayed");
  EXPECT_EQ(value("select string_agg(attempts || ' ' || (due_at <= now()), ', ' order by seq) "
                  "from outbox_exception where seq in (1, 3, 4)"),
            "0 true, 0 true, 0 true");
  EXPECT_EQ(states("{held}"), "2 held") << "it follows when the head is delivered";
  EXPECT_EQ(revision(), "1");
  EXPECT_EQ(value("select string_agg(action || ' ' || seq || ' ' || key, ', ' order by seq) "
                  "from outbox_audit"),
            "retry 1 a, retry 3 b, retry 4 b");
  EXPECT_THAT(value("select actor from outbox_audit limit 1"), HasSubstr(" via outboxctl"));
  EXPECT_EQ(value("select details->>'last_error' from outbox_audit where seq = 1"), "too large");
}

TEST_F(DeadLettersTest, RetriesByNameAlsoWhatIsTriedForEver) {
  const std::string id = value("select id from outbox where seq = 3");
  const Outcome outcome = outboxctl({"dead-letters", "retry", "5", id});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_EQ(outcome.out, "retried 2 messages\n");
  EXPECT_EQ(states("{delayed}"), "3 delayed, 6 delayed");
  EXPECT_EQ(revision(), "1");
  EXPECT_EQ(value("select attempts || ' ' || (due_at <= now()) from outbox_exception "
                  "where seq = 5"),
            "0 true");
}

TEST_F(DeadLettersTest, ANameThatDoesNotFitStopsEverything) {
  for (const std::string name : {"7", "2", "6", "99", "00000000-0000-0000-0000-000000000000"}) {
    const Outcome outcome = outboxctl({"dead-letters", "retry", "1", name});
    EXPECT_EQ(outcome.code, ExitCode::failed) << name;
    EXPECT_THAT(outcome.err, HasSubstr("message " + name));
  }
  EXPECT_EQ(states("{dead}"), "1 dead, 3 dead, 4 dead");
  EXPECT_EQ(revision(), "0");
  const Outcome secret = outboxctl({"dead-letters", "retry", "s3cret"});
  EXPECT_EQ(secret.code, ExitCode::usage);
  EXPECT_THAT(secret.err, Not(HasSubstr("s3cret")));
}

TEST_F(DeadLettersTest, WantsToKnowWhich) {
  for (const std::string verb : {"retry", "discard"}) {
    EXPECT_THAT(outboxctl({"dead-letters", verb}).err, HasSubstr("--all"));
    EXPECT_EQ(outboxctl({"dead-letters", verb, "1", "--all"}).code, ExitCode::usage);
    EXPECT_EQ(outboxctl({"dead-letters", verb, "--all", "--key", "a"}).code, ExitCode::usage);
  }
}

TEST_F(DeadLettersTest, SpacesRetriesByTheirRate) {
  const auto report = json_of({"dead-letters", "retry", "--all", "--rate", "2"});
  EXPECT_EQ(value("select string_agg((extract(epoch from due_at - first) * 1000)::bigint::text, ' '"
                  " order by seq) from outbox_exception, (select min(due_at) as first from "
                  "outbox_exception where seq in (1, 3, 4)) m where seq in (1, 3, 4)"),
            "0 500 1000");
  EXPECT_FALSE(report["last_due_at"].get<std::string>().empty());
}

TEST_F(DeadLettersTest, ADryRunChangesNothing) {
  const auto report = json_of({"dead-letters", "retry", "--key", "b", "--dry-run"});
  EXPECT_EQ(report["selected"], 2);
  EXPECT_EQ(report["retried"], 0);
  EXPECT_EQ(report["dry_run"], true);
  EXPECT_THAT(outboxctl({"dead-letters", "discard", "--all", "--dry-run"}).out,
              HasSubstr("would discard 3 messages"));
  EXPECT_EQ(states("{dead}"), "1 dead, 3 dead, 4 dead");
  EXPECT_EQ(value("select count(*) from outbox_audit"), "0");
  EXPECT_EQ(revision(), "0");
}

TEST_F(DeadLettersTest, DiscardsWhenTheNumberWasTyped) {
  const Outcome unasked = outboxctl({"dead-letters", "discard", "--all"});
  EXPECT_EQ(unasked.code, ExitCode::usage);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  const Outcome wrong = outboxctl({"dead-letters", "discard", "--all"}, "yes\n");
  EXPECT_EQ(wrong.code, ExitCode::failed);
  EXPECT_EQ(states("{dead}"), "1 dead, 3 dead, 4 dead");

  const Outcome typed = outboxctl({"dead-letters", "discard", "--key", "b"}, "2\n");
  ASSERT_EQ(typed.code, ExitCode::ok) << typed.err;
  EXPECT_THAT(typed.err, HasSubstr("discards 2 messages of outbox in " + database_.name()));
  EXPECT_EQ(states("{discarded}"), "3 discarded, 4 discarded");
  EXPECT_EQ(revision(), "0") << "they held no key";
  const Outcome rest = outboxctl({"dead-letters", "discard", "1", "5", "6", "--yes"});
  ASSERT_EQ(rest.code, ExitCode::ok) << rest.err;
  EXPECT_EQ(value("select string_agg(seq::text, ' ' order by seq) from outbox_exception "
                  "where state = 'discarded' and not holds_key"),
            "1 3 4 5 6");
  EXPECT_EQ(value("select string_agg(seq || ' ' || (details->>'state'), ', ' order by seq) "
                  "from outbox_audit where action = 'discard'"),
            "1 dead, 3 dead, 4 dead, 5 retrying, 6 delayed");
  EXPECT_EQ(revision(), "1");
}

TEST_F(DeadLettersTest, ExportsEverythingAboutThem) {
  const Outcome outcome = outboxctl({"dead-letters", "export"});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  std::istringstream lines{outcome.out};
  std::string line;
  std::vector<nlohmann::json> letters;
  while (std::getline(lines, line))
    letters.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(letters.size(), 3U);
  EXPECT_EQ(letters[0]["payload"], "{\"price\": 1}") << "as it was written";
  EXPECT_EQ(letters[0]["payload_encoding"], "text");
  EXPECT_EQ(letters[0]["payload_as_written"], nullptr);
  EXPECT_EQ(letters[0]["headers"]["trace"], "t-1");
  ASSERT_EQ(letters[0]["failures"].size(), 2U);
  EXPECT_EQ(letters[0]["failures"][0]["error"], "broker says no");
  EXPECT_EQ(letters[0]["failures"][1]["relay"], "relay-2");
  EXPECT_TRUE(letters[1]["failures"].empty());
  EXPECT_THAT(outboxctl({"dead-letters", "export", "5"}).out, HasSubstr("\"retrying\""));
}

TEST_F(DeadLettersTest, SendsAnEditedPayloadAndKeepsBothVersions) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "payload.json";
  const std::vector<std::string> edit{"dead-letters", "retry", "1", "--payload", file};
  EXPECT_EQ(outboxctl(edit).code, ExitCode::usage) << "there is no such file";
  std::ofstream{file} << "not json";
  const Outcome refused = outboxctl(edit);
  EXPECT_EQ(refused.code, ExitCode::usage);
  EXPECT_THAT(refused.err, HasSubstr("which is json"));
  EXPECT_EQ(states("{dead}"), "1 dead, 3 dead, 4 dead");

  std::ofstream{file} << R"({"price":  2})";
  EXPECT_EQ(outboxctl({"dead-letters", "retry", "--all", "--payload", file}).code, ExitCode::usage);
  const Outcome outcome = outboxctl(edit);
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_EQ(value("select payload from outbox_exception where seq = 1"), R"({"price":  2})");
  EXPECT_EQ(value("select string_agg(action, ' ' order by id) from outbox_audit"), "edit retry");
  const auto details =
      nlohmann::json::parse(value("select details from outbox_audit where action = 'edit'"));
  EXPECT_EQ(details["before"], "{\"price\": 1}");
  EXPECT_EQ(details["after"], "{\"price\":  2}");
}

TEST_F(DeadLettersTest, OfThousandsEachIsRetriedOnceAndInOrder) {
  exec(
      "insert into outbox (id, aggregatetype, aggregateid, type, payload) "
      "select gen_random_uuid(), 'order', 'k' || n % 10, 'OrderPaid', '{}' "
      "from generate_series(1, 2500) n");
  pass_all();
  exec(
      "insert into outbox_exception (seq, shard, key, state) "
      "select seq, shard, aggregateid, 'dead' from outbox where seq > 7");
  const auto report = json_of({"dead-letters", "retry", "--all", "--rate", "1000"});
  EXPECT_EQ(report["retried"], 2503);
  EXPECT_EQ(value("select count(*) from (select lag(due_at) over (order by seq) as before, due_at "
                  "from outbox_exception where seq <> 5 and seq <> 6) e where due_at <= before"),
            "0");
  EXPECT_EQ(value("select count(*) from outbox_audit"), "2503");
  EXPECT_EQ(revision(), "1") << "relays connect again for the one that holds its key alone";
}

class BinaryDeadLettersTest : public DeadLettersTest {
 protected:
  BinaryDeadLettersTest() : DeadLettersTest({.payload_type = PayloadType::bytea}) {}
};

TEST_F(BinaryDeadLettersTest, PayloadsAreInBase64) {
  const test::TemporaryFolder folder;
  const std::string file = folder.path() / "payload";
  std::ofstream{file} << std::string{"\0\xff", 2};
  const Outcome outcome = outboxctl({"dead-letters", "retry", "3", "--payload", file});
  ASSERT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_EQ(value("select payload from outbox_exception where seq = 3"), "\\x00ff");
  const auto letter = outboxctl({"dead-letters", "export", "1"}).json();
  EXPECT_EQ(letter["payload"], "eyJwcmljZSI6IDF9");
  EXPECT_EQ(letter["payload_encoding"], "base64");
}

}  // namespace
}  // namespace outbox::ctl
