#!/usr/bin/env python3
"""Runs the benchmark on the servers that ./dev bench has started."""

import argparse
import json
import pathlib
import sys
import time

from harness import drain, fits, latency, machine, peers, plots, ratios, report, scale, services
from harness.world import ROOT, World, say

GROUPS = ("drain", "limits", "peers", "latency", "scale", "services")
ASKED_FOR = ("tuning",)  # groups that run only when they are named


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", allow_abbrev=False,
                                     description="Measures the relay, the limits and the peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rows and repeats: at most 10 minutes")
    parser.add_argument("--json", type=pathlib.Path, help="writes the result there as well")
    parser.add_argument("--gate", action="store_true", help="exit status 1 when a ratio misses its target")
    parser.add_argument("--only", type=lambda text: text.split(","), default=GROUPS,
                        help=f"some groups alone, of {','.join(GROUPS)}")
    parser.add_argument("--repeats", type=int, default=0, help="of each cell (5, --quick 3)")
    parser.add_argument("--rows", type=int, default=0,
                        help="of the base backlog, for a try (1000000, --quick 200000)")
    options = parser.parse_args(arguments)
    for group in options.only:
        if group not in GROUPS + ASKED_FOR:
            parser.error(f"there is no group '{group}'; there are {', '.join(GROUPS + ASKED_FOR)}")
    return options


def measure(world, wants):
    """All cells by name."""
    cells = {}
    if any(wants(group) for group in ("drain", "limits", "peers", "tuning", "scale")):
        cells |= drain.run(world, wants, peers, scale)
    if wants("latency"):
        cells |= latency.run(world)
    if wants("scale"):
        cells |= scale.run(world)
    if wants("services"):
        cells |= services.run(world)
    return cells


def main(arguments):
    options = parse(arguments)
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    world = World(options, folder)
    began = time.monotonic()
    result = {"machine": machine.describe(world), "quick": options.quick, "repeats": world.repeats}
    result["cells"] = measure(world, lambda group: group in options.only)
    result["fits"] = fits.all_fits(result["cells"], world.rows, drain.BASE.keys)
    result["ratios"] = ratios.evaluate(result["cells"])
    result["not_run"] = ratios.not_run(result["ratios"])
    result["seconds"] = round(time.monotonic() - began, 1)
    for path in filter(None, [options.json, folder / "bench.json"]):
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    text = report.render(result)
    (folder / "bench.txt").write_text(text, encoding="utf-8")
    plots.write_all(folder, result["cells"])
    print(text, end="")
    say(f"measured for {result['seconds']:.0f} s; JSON, table and plots: {folder}")
    failed = [name for name, cell in result["cells"].items() if "problem" in cell]
    missed = [name for name, ratio in result["ratios"].items() if not ratio["reached"]]
    if failed:
        return 2
    return 1 if options.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
