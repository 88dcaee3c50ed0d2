"""The readable tables."""

CPU = "cpu_"
LATENCIES = ("commit_to_consumer_p50_ms", "commit_to_consumer_p90_ms", "commit_to_consumer_p99_ms",
             "commit_to_consumer_p99.9_ms", "commit_to_marked_p50_ms", "commit_to_marked_p99_ms",
             "due_to_consumer_p99_ms", "cpu_share")
LATENCY_HEAD = ["latency, ms", "consumer p50", "p90", "p99", "p99.9", "marked p50", "p99", "from due p99", "CPU share",
                ""]


def number(value):
    """As many digits as say something."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(summary):
    """median [least-greatest]"""
    if not summary:
        return "-"
    return f"{number(summary['median'])} [{number(summary['min'])}-{number(summary['max'])}]"


def median_of(measures, name):
    return measures[name]["median"] if name in measures else None


def problem_of(cell):
    return "FAILED: " + cell["problem"].split("\n")[0] if "problem" in cell else ""


def rate_row(name, cell):
    """A row of the table of rates."""
    measures = cell["measures"]
    shown = {"rate", "rss_mb", "wal_bytes", *(key for key in measures if key.startswith(CPU) or key.endswith("_ms"))}
    shown -= {"p99_ms"}
    cpu = " ".join(f"{key[len(CPU):]} {number(value['median'])}" for key, value in measures.items()
                   if key.startswith(CPU))
    rest = " ".join(f"{key} {number(value['median'])}" for key, value in measures.items()
                    if key not in shown and not (key == "duplicates" and value["max"] == 0))
    return [name, spread(measures.get("rate")), cpu or "-", number(median_of(measures, "rss_mb")),
            number(median_of(measures, "wal_bytes")), problem_of(cell) or rest]


def latency_row(name, cell):
    """A row of the table of latencies."""
    measures = cell["measures"]
    idle = " ".join(f"{key} {number(value['median'])}" for key, value in measures.items() if key.startswith("idle"))
    return [name, *[number(median_of(measures, key)) for key in LATENCIES], problem_of(cell) or idle]


def table(rows):
    """Columns as wide as they need to be, the last one left as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "  " + row[-1]).rstrip()
            for row in rows]


def ratio_row(name, ratio):
    return [name, number(ratio["value"]), f"{ratio['direction']} {ratio['target']}",
            "yes" if ratio["reached"] else "NO"]


def shortfalls(ratios):
    """What bounds each that is missed."""
    return [line for name, ratio in ratios.items() if not ratio["reached"]
            for line in (f"  {name}", *(f"      {part}" for part in (ratio["bound"] or "").split("; ") if part))]


def render(result):
    """The whole report as text."""
    cells = result["cells"]
    rates = [rate_row(name, cell) for name, cell in cells.items() if not name.startswith("latency.")]
    latencies = [latency_row(name, cell) for name, cell in cells.items() if name.startswith("latency.")]
    lines = [f"{name:12} {value}" for name, value in result["machine"].items()]
    if rates:
        head = ["cell", "per second: median [min-max]", "CPU s per million", "RSS MB", "WAL B/msg", ""]
        lines += ["", *table([head, *rates])]
    if latencies:
        lines += ["", *table([LATENCY_HEAD, *latencies])]
    if result["fits"]:
        lines += ["", "cost grows with size to the power of"]
        lines += [f"  {exponent:6.2f}  {name}" for name, exponent in result["fits"].items()]
    if result["ratios"]:
        lines += ["", *table([["ratio", "value", "target", "reached"],
                              *[ratio_row(name, ratio) for name, ratio in result["ratios"].items()]])]
        missed = shortfalls(result["ratios"])
        lines += ["", "shortfalls, and what bounds them", *missed] if missed else []
    if result["not_run"]:
        lines += ["", "not run: " + ", ".join(result["not_run"])]
    return "\n".join(lines) + "\n"
