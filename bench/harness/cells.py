"""Cells: what is measured, several times, in turns."""

import dataclasses
import time
from collections.abc import Callable

from harness import stats
from harness.world import say


@dataclasses.dataclass
class Cell:
    """One row of the table. `run` measures once and returns {measure: value}. One that has parts is several
    rows, measured by the same processes: `run` returns {part: {measure: value}}, or what went wrong."""

    name: str
    title: str
    run: Callable[[], dict]
    repeats: int = 0  # 0: as many as the run's
    parts: dict = dataclasses.field(default_factory=dict)  # name: title

    def titles(self):
        return self.parts or {self.name: self.title}


def measure(cells, repeats):
    """Interleaves the repeats, so that what changes on the machine in between hits all alike."""
    runs = {name: [] for cell in cells for name in cell.titles()}
    problems = {}
    for turn in range(max([cell.repeats or repeats for cell in cells], default=0)):
        for cell in cells:
            if turn >= (cell.repeats or repeats) or any(name in problems for name in cell.titles()):
                continue
            began = time.monotonic()
            for name, found in run_once(cell).items():
                if isinstance(found, str):
                    problems[name] = found
                    say(f"    {name}: FAILED: {found}")
                    continue
                runs[name].append(found)
                say(f"    {turn + 1}. {name:32} {shown(found)}  ({time.monotonic() - began:.1f} s)")
    return {name: result(title, runs[name], problems.get(name)) for cell in cells
            for name, title in cell.titles().items()}


def run_once(cell):
    """{name: measures, or what went wrong}"""
    try:
        found = cell.run()
    except (OSError, RuntimeError, ValueError, ZeroDivisionError) as problem:
        return dict.fromkeys(cell.titles(), str(problem))
    return found if cell.parts else {cell.name: found}


def shown(run):
    """The first few measures of a run, for the person who waits."""
    return " ".join(f"{name}={value:,.5g}" for name, value in list(run.items())[:4]
                    if isinstance(value, (int, float)))


def result(title, runs, problem):
    """What the JSON holds of a cell."""
    names = dict.fromkeys(name for run in runs for name in run)
    measures = {name: stats.summary([run.get(name) for run in runs]) for name in names}
    found = {"title": title, "measures": {name: value for name, value in measures.items() if value}}
    if problem:
        found["problem"] = problem
    return found
