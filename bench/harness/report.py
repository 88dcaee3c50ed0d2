"""The readable table."""

UNITS = {"rate": "msg/s", "rss_mb": "MB", "wal_bytes": "B/msg"}
CPU = "cpu_"


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


def row(name, cell):
    """The table's row of a cell: its main measure first."""
    measures = cell["measures"]
    cpu = " ".join(f"{key[len(CPU):]} {number(value['median'])}" for key, value in measures.items()
                   if key.startswith(CPU))
    rest = " ".join(f"{key} {number(value['median'])}" for key, value in measures.items()
                    if key not in ("rate", "rss_mb", "wal_bytes") and not key.startswith(CPU))
    return [name, spread(measures.get("rate")), cpu or "-", number(median_of(measures, "rss_mb")),
            number(median_of(measures, "wal_bytes")), cell.get("problem", "").split("\n")[0] or rest]


def median_of(measures, name):
    return measures[name]["median"] if name in measures else None


def table(rows):
    """Columns as wide as they need to be, the last one left as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "  " + row[-1]).rstrip()
            for row in rows]


def render(result):
    """The whole report as text."""
    lines = [f"{name:12} {value}" for name, value in result["machine"].items()]
    lines += ["", *table([["cell", "msg/s median [min-max]", "CPU s per million", "RSS MB", "WAL B/msg", "other"],
                          *[row(name, cell) for name, cell in result["cells"].items()]])]
    if result["ratios"]:
        lines += ["", *table([["ratio", "value", "target", "reached", ""]] + [
            [name, number(ratio["value"]), f"{ratio['direction']} {ratio['target']}",
             "yes" if ratio["reached"] else "NO", "" if ratio["reached"] else f"bound by {ratio['bound']}"]
            for name, ratio in result["ratios"].items()])]
    if result["not_run"]:
        lines += ["", "not run: " + ", ".join(result["not_run"])]
    for name, exponent in result.get("fits", {}).items():
        lines.append(f"{name} grows with size^{exponent:.2f}")
    return "\n".join(lines) + "\n"
