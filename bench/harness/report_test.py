"""Tests of ratios, fits, tables and plots."""

import unittest
import xml.etree.ElementTree as xml

from harness import bounds, cells, fits, machine, plots, ratios, report, services
from harness.world import offers, settings_of


def cell(**measures):
    """A cell whose repeats all gave the same."""
    return {"title": "", "measures": {name: {"median": value, "min": value, "max": value, "n": 1}
                                      for name, value in measures.items()}}


RESULT = {
    "drain.base": cell(rate=200.0, cpu_relay=3.0, rss_mb=30.0),
    "drain.rows-100": cell(rate=200.0, cpu_relay=3.0, rss_mb=65.0),
    "limits.produce": cell(rate=1000.0, cpu_loop=2.0),
    "peers.debezium": cell(rate=10.0, late_rate=40.0, cpu_peer=60.0, rss_mb=900.0),
    "latency.table-1000": cell(**{"commit_to_consumer_p50_ms": 2.0, "commit_to_consumer_p99_ms": 5.0}),
}


# What a whole run measures, as far as ratios need it.
NAMES = [f"{group}.{name}" for group, names in {
    "drain": ("base", "no-receipts", "wal", "exactly-once", "many", "end-of-many"),
    "limits": ("produce", "read-produce", "wal"),
    "peers": ("debezium", "naive"),
    "latency": ("table-1000", "wal-1000", "produce-1000", "debezium-1000"),
    "scale": ("xmin-pinned", "xmin-clean", "poisoned", "poison-free"),
    "services": ("orders", "writers-alone", "writers-doorbell", "writers-no-doorbell"),
}.items() for name in names]


class RatiosTest(unittest.TestCase):
    def test_a_missed_target_says_what_bounds_it(self):
        missed = ratios.evaluate(RESULT)["table_drain_over_produce_only"]
        self.assertEqual((missed["value"], missed["reached"]), (0.2, False))
        # 200 messages a second of 3 CPU seconds a million: next to nothing.
        self.assertIn("drain.base at 200/s uses relay 0.00", missed["bound"])
        self.assertIn("no core is full", missed["bound"])

    def test_what_is_full_bounds(self):
        self.assertIn("2 cores are full, and postgres", bounds.verdict({"relay": 0.8, "postgres": 1.1}, 2))
        self.assertIn("relay takes the most, and as much as one thread can", bounds.verdict({"relay": 0.9, "postgres": 0.1}, 2))

    def test_the_memory_that_is_missed_is_that_of_the_greatest_cells(self):
        self.assertEqual(ratios.evaluate(RESULT)["relay_rss_mb"]["bound"],
                         "the greatest: drain.rows-100 65 MB, drain.base 30 MB")

    def test_every_ratio_says_what_bounds_it(self):
        everything = {name: cell(rate=1.0, late_rate=1.0, first_rate=1.0, rss_mb=500.0, cpu_relay=9e9, cpu_loop=1.0,
                                 cpu_peer=1.0, commit_to_consumer_p50_ms=9.0, commit_to_consumer_p99_ms=9.0, p99_ms=1.0)
                      for name in NAMES}
        self.assertEqual(ratios.not_run(ratios.evaluate(everything)), [])
        for ratio in ratios.RATIOS:
            self.assertTrue(ratio.bound(everything), ratio.name)

    def test_a_target_may_be_an_upper_bound(self):
        found = ratios.evaluate(RESULT)
        self.assertTrue(found["relay_cpu_over_producer_cpu"]["reached"])
        self.assertFalse(found["relay_rss_mb"]["reached"])  # of the largest cell

    def test_debezium_is_taken_at_its_better_rate(self):
        self.assertEqual(ratios.evaluate(RESULT)["drain_over_debezium"]["value"], 5)

    def test_what_was_not_run_is_no_shortfall(self):
        found = ratios.evaluate(RESULT)
        self.assertNotIn("wal_drain_over_minimal_wal_loop", found)
        self.assertIn("wal_drain_over_minimal_wal_loop", ratios.not_run(found))

    def test_a_pin_is_judged_by_the_worse_of_its_own_beginning_and_the_clean_run(self):
        found = ratios.evaluate({"scale.xmin-pinned": cell(rate=80.0, first_rate=90.0),
                                 "scale.xmin-clean": cell(rate=100.0)})
        self.assertEqual(found["pinned_xmin_over_clean"]["value"], 0.8)


class CellsTest(unittest.TestCase):
    def test_repeats_are_taken_in_turns(self):
        order = []
        made = [cells.Cell(name, "", lambda name=name: order.append(name) or {"rate": len(order)}) for name in "ab"]
        found = cells.measure(made, 2)
        self.assertEqual(order, ["a", "b", "a", "b"])
        self.assertEqual(found["a"]["measures"]["rate"], {"median": 2, "min": 1, "max": 3, "n": 2})

    def test_parts_are_rows_of_their_own_and_one_that_fails_keeps_the_others(self):
        turns = iter([{"a": {"rate": 1}, "b": {"rate": 5}}, {"a": {"rate": 3}, "b": "too slow"}])
        found = cells.measure([cells.Cell("s", "", lambda: next(turns), parts={"a": "A", "b": "B", "c": "C"})], 3)
        self.assertEqual(found["a"]["measures"]["rate"]["n"], 2)
        self.assertEqual((found["b"]["problem"], found["b"]["title"]), ("too slow", "B"))
        self.assertEqual(found["c"]["measures"], {})

    def test_a_cell_that_fails_ends_alone(self):
        def fails():
            raise RuntimeError("no broker")

        found = cells.measure([cells.Cell("bad", "", fails), cells.Cell("good", "", lambda: {"rate": 1})], 2)
        self.assertEqual(found["bad"]["problem"], "no broker")
        self.assertEqual(found["good"]["measures"]["rate"]["n"], 2)


class ReportTest(unittest.TestCase):
    def test_tables_have_every_cell_and_ratio(self):
        text = report.render({"machine": {"cores": 2}, "cells": RESULT, "fits": {"x": 0.5}, "not_run": ["y"],
                              "ratios": ratios.evaluate(RESULT)})
        for name in (*RESULT, "table_drain_over_produce_only", "not run: y"):
            self.assertIn(name, text)
        self.assertIn("200 [200-200]", text)

    def test_a_problem_is_shown_in_its_row(self):
        failed = {"title": "", "measures": {}, "problem": "first line\nsecond"}
        self.assertEqual(report.rate_row("x", failed)[-1], "FAILED: first line")

    def test_fits_take_the_base_cell_in(self):
        self.assertEqual(fits.all_fits(RESULT, 1000, 10)["time per message over the backlog's rows"], 0)

    def test_plots_are_well_formed(self):
        bars = plots.bars("a < b", [("x", {"median": 5, "min": 1, "max": 9})])
        lines = plots.lines("t", "x", plots.latency_lines(RESULT, 1000))
        for svg in (bars, lines):
            self.assertTrue(xml.fromstring(svg).tag.endswith("svg"))


class ParsingTest(unittest.TestCase):
    def test_settings_of_the_relay_are_read_with_their_sections(self):
        text = ('[source]\n# help = no setting\nreceipts = true\n[sink.kafka]\n# exactly_once = "x"\n'
                '# where One of: kafka, null. Environment\ntype = "kafka"\n')
        self.assertIn("source.receipts", settings_of(text))
        self.assertIn("sink.kafka.exactly_once", settings_of(text))
        comment = settings_of(text)["sink.kafka.type"]
        self.assertTrue(offers(comment, "null"))
        self.assertFalse(offers(comment, "http"))

    def test_a_peer_that_nobody_asked_for_lacks_nothing(self):
        self.assertEqual(machine.describe_debezium(False, {}), {"Debezium": "not asked for"})
        self.assertIn("needs Java 21", machine.describe_debezium(True, {"BENCH_DEBEZIUM_JAVA": "21"})["Debezium"])

    def test_wrk_with_errors_is_no_measurement(self):
        text = "    99%   12.50ms\nRequests/sec:   2163.40\n"
        self.assertEqual(services.parse_wrk(text), {"rate": 2163.4, "p99_ms": 12.5})
        with self.assertRaises(RuntimeError):
            services.parse_wrk(text + "Non-2xx or 3xx responses: 7\n")


if __name__ == "__main__":
    unittest.main()
