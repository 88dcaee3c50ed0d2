"""Cells: what is measured, several times, in turns."""

import dataclasses
import time
from collections.abc import Callable

from harness import stats
from harness.world import say


@dataclasses.dataclass
class Cell:
    """One row of the table. `run` measures once and returns {measure: value}."""

    name: str
    title: str
    run: Callable[[], dict]
    repeats: int = 0  # 0: as many as the run's


def measure(cells, repeats):
    """Interleaves the repeats, so that what changes on the machine in between hits all alike."""
    runs = {cell.name: [] for cell in cells}
    problems = {}
    for turn in range(max([cell.repeats or repeats for cell in cells], default=0)):
        for cell in cells:
            if turn >= (cell.repeats or repeats) or cell.name in problems:
                continue
            began = time.monotonic()
            try:
                runs[cell.name].append(cell.run())
            except (OSError, RuntimeError, ValueError, ZeroDivisionError) as problem:
                problems[cell.name] = str(problem)
                say(f"    {cell.name}: FAILED: {problem}")
                continue
            say(f"    {turn + 1}. {cell.name:32} {shown(runs[cell.name][-1])}  ({time.monotonic() - began:.1f} s)")
    return {cell.name: result(cell, runs[cell.name], problems.get(cell.name)) for cell in cells}


def shown(run):
    """The first few measures of a run, for the person who waits."""
    return " ".join(f"{name}={value:,.5g}" for name, value in list(run.items())[:4]
                    if isinstance(value, (int, float)))


def result(cell, runs, problem):
    """What the JSON holds of a cell."""
    names = dict.fromkeys(name for run in runs for name in run)
    measures = {name: stats.summary([run.get(name) for run in runs]) for name in names}
    found = {"title": cell.title, "measures": {name: value for name, value in measures.items() if value}}
    if problem:
        found["problem"] = problem
    return found
