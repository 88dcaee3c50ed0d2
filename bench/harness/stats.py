"""Numbers of repeated runs."""

import statistics


def summary(values):
    """Median, least and greatest of the repeats' values; None without any."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "n": len(values),
    }


def median(cell, name):
    """The median of a cell's measure, None where there is none."""
    measured = (cell or {}).get("measures", {}).get(name)
    return measured["median"] if measured else None


def interpolate(samples, moment):
    """The value at `moment` of samples [(time, value), …] in the order of time."""
    if not samples:
        raise ValueError("no samples")
    before = samples[0]
    for sample in samples:
        if sample[0] >= moment:
            if sample[0] == before[0]:
                return sample[1]
            share = (moment - before[0]) / (sample[0] - before[0])
            return before[1] + share * (sample[1] - before[1])
        before = sample
    return before[1]


def slope(points):
    """Exponent b of value = a * size^b, by least squares on the logarithms; None under two sizes."""
    import math

    logs = [(math.log(size), math.log(value)) for size, value in points if size > 0 and value > 0]
    if len({x for x, _ in logs}) < 2:
        return None
    mean_x = statistics.fmean(x for x, _ in logs)
    mean_y = statistics.fmean(y for _, y in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)
