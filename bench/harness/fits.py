"""How cost grows with size: the exponents of fitted powers. 0: not at all; 1: in proportion."""

import re

from harness import stats


def _points(cells, pattern, size_of, cost):
    """[(size, cost), …] of the cells whose whole names match; the group of the pattern is the size."""
    found = []
    for name, cell in cells.items():
        match = re.fullmatch(pattern, name)
        value = cost(cell) if match else None
        if value:
            found.append((size_of(match), value))
    return found


def _time_per_message(cell):
    rate = stats.median(cell, "rate")
    return 1 / rate if rate else None


def _cpu(cell):
    return stats.median(cell, "cpu_relay")


def all_fits(cells, base_rows, base_keys):
    """{what: exponent} of what was run."""
    base = cells.get("drain.base", {"measures": {}})

    def fit(pattern, base_size, cost):
        points = _points(cells, pattern, lambda match: int(match[1]), cost)
        if cost(base):
            points.append((base_size, cost(base)))
        return stats.slope(points)

    fits = {
        "time per message over the backlog's rows": fit(r"drain\.rows-(\d+)", base_rows, _time_per_message),
        "relay's CPU per message over the backlog's rows": fit(r"drain\.rows-(\d+)", base_rows, _cpu),
        "time per message over the number of keys": fit(r"scale\.keys-(\d+)", base_keys, _time_per_message),
        "time per message over the number of relays": fit(r"scale\.relays-(\d+)", 1, _time_per_message),
        "relay's CPU per message over the payload's bytes": fit(r"drain\.payload-(\d+)", 256, _cpu),
    }
    return {name: round(exponent, 3) for name, exponent in fits.items() if exponent is not None}
