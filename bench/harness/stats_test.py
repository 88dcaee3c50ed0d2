"""Tests of what is computed from the runs."""

import unittest

from harness import stats


class StatsTest(unittest.TestCase):
    def test_summary_is_median_and_spread_of_what_was_measured(self):
        self.assertEqual(stats.summary([3, None, 1, 2]), {"median": 2, "min": 1, "max": 3, "n": 3})
        self.assertIsNone(stats.summary([None]))

    def test_median_of_a_missing_cell_or_measure_is_none(self):
        cell = {"measures": {"rate": {"median": 5}}}
        self.assertEqual(stats.median(cell, "rate"), 5)
        self.assertIsNone(stats.median(cell, "rss_mb"))
        self.assertIsNone(stats.median(None, "rate"))

    def test_interpolates_between_samples_and_holds_at_the_ends(self):
        samples = [(10, 1.0), (12, 3.0), (14, 3.0)]
        self.assertEqual(stats.interpolate(samples, 11), 2.0)
        self.assertEqual(stats.interpolate(samples, 13), 3.0)
        self.assertEqual(stats.interpolate(samples, 9), 1.0)
        self.assertEqual(stats.interpolate(samples, 20), 3.0)

    def test_slope_is_the_exponent(self):
        self.assertAlmostEqual(stats.slope([(10, 5), (100, 50), (1000, 500)]), 1)
        self.assertAlmostEqual(stats.slope([(10, 7), (1000, 7)]), 0)
        self.assertIsNone(stats.slope([(10, 7), (10, 8)]))


if __name__ == "__main__":
    unittest.main()
