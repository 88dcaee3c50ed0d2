"""What bounds a ratio that misses its target, from what the run has measured."""

import os

from harness import stats

FULL = 0.8  # of a core, or of all: more is not to be had beside the rest of the machine


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def uses_of(cell):
    """{process: cores} that a cell kept busy: CPU seconds a message times messages a second."""
    rate = stats.median(cell, "rate")
    names = [name for name in (cell or {}).get("measures", {}) if name.startswith("cpu_") and name != "cpu_share"]
    return {name.removeprefix("cpu_"): stats.median(cell, name) * rate / 1e6 for name in names} if rate else {}


def verdict(uses, cores):
    """What is full, if anything is."""
    total, (name, most) = sum(uses.values()), max(uses.items(), key=lambda item: item[1])
    if total >= FULL * cores:
        return f"the {cores} cores are full, and {name} takes the most"
    if most >= FULL:
        return f"{name} takes the most, and as much as one thread can"
    return "no core is full: it waits for commits, for the broker, or for processes that are not measured"


def cores_of(*names):
    """By who has the CPU in each of these cells."""

    def text(cells, cores=os.cpu_count()):
        found = []
        for name in names:
            uses = uses_of(cells.get(name))
            if uses:
                shares = " + ".join(f"{process} {use:.2f}" for process, use in uses.items())
                found.append(f"{name} at {number(stats.median(cells[name], 'rate'))}/s uses {shares} = "
                             f"{sum(uses.values()):.2f} cores: {verdict(uses, cores)}")
        return "; ".join(found)

    return text


def figures_of(measures, *names):
    """By some measures of these cells, beside each other."""

    def text(cells):
        found = []
        for name in names:
            shown = [f"{measure} {number(value)}" for measure in measures
                     if (value := stats.median(cells.get(name), measure)) is not None]
            if shown:
                found.append(f"{name}: " + ", ".join(shown))
        return "; ".join(found)

    return text


def latency_of(*names):
    """By the steps of a message's way."""
    return figures_of(("due_to_commit_p50_ms", "due_to_commit_p99_ms", "commit_to_consumer_p50_ms",
                       "commit_to_consumer_p99_ms", "commit_to_marked_p99_ms", "cpu_share"), *names)


def greatest_rss(cells):
    """[(MB, cell)] of our relay, the greatest first."""
    return sorted(((cell["measures"]["rss_mb"]["max"], name) for name, cell in cells.items()
                   if name.startswith(("drain.", "scale.", "latency.table", "latency.wal"))
                   and "rss_mb" in cell["measures"]), reverse=True)


def rss(cells):
    """By the cells that need the most memory, which grows with the bytes that are in flight."""
    return "the greatest: " + ", ".join(f"{name} {number(value)} MB" for value, name in greatest_rss(cells)[:3])
