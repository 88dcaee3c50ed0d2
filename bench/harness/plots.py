"""Plots as SVG, written by hand: bars with their spread, and lines over a logarithmic axis."""

import html
import math

WIDTH, BAR, LEFT, RIGHT, TOP = 860, 26, 250, 150, 44
COLORS = ("#2f6db3", "#c8553d", "#4a9b6e", "#8a6bbe", "#b58900", "#5b6770")


def _svg(height, title, body):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(16, 24, title, size=15), *body, "</svg>"]) + "\n"


def _text(x, y, text, anchor="start", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222">'
            f"{html.escape(text)}</text>")


def _line(x1, y1, x2, y2, color="#222", width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            f'stroke-width="{width}"/>')


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bars(title, rows):
    """rows: [(label, {median, min, max})]; the thin line is from the least to the greatest."""
    scale = (WIDTH - LEFT - RIGHT) / max(summary["max"] for _, summary in rows)
    body = []
    for index, (label, summary) in enumerate(rows):
        y = TOP + index * BAR
        body += [
            _text(LEFT - 8, y + 14, label, "end"),
            f'<rect x="{LEFT}" y="{y}" width="{summary["median"] * scale:.1f}" height="{BAR - 8}" fill="{COLORS[0]}"/>',
            _line(LEFT + summary["min"] * scale, y + 9, LEFT + summary["max"] * scale, y + 9, width=2),
            _text(LEFT + summary["max"] * scale + 8, y + 14, shown(summary["median"])),
        ]
    return _svg(TOP + len(rows) * BAR + 12, title, body)


def lines(title, x_label, series):
    """series: {name: [(x, y), …]} with positive numbers; both axes are logarithmic."""
    points = [point for line in series.values() for point in line]
    x_axis = _Axis([x for x, _ in points], LEFT - 160, WIDTH - RIGHT - 40)
    y_axis = _Axis([y for _, y in points], 300, TOP + 10)
    body = []
    for tick in x_axis.ticks():
        body += [_line(x_axis.at(tick), 300, x_axis.at(tick), TOP + 10, "#ddd"),
                 _text(x_axis.at(tick), 316, f"{tick:g}", "middle")]
    for tick in y_axis.ticks():
        body += [_line(LEFT - 160, y_axis.at(tick), WIDTH - RIGHT - 40, y_axis.at(tick), "#ddd"),
                 _text(LEFT - 166, y_axis.at(tick) + 4, f"{tick:g}", "end")]
    body.append(_text((LEFT - 160 + WIDTH - RIGHT - 40) / 2, 334, x_label, "middle"))
    for index, (name, line) in enumerate(series.items()):
        color = COLORS[index % len(COLORS)]
        path = " ".join(f"{x_axis.at(x):.1f},{y_axis.at(y):.1f}" for x, y in sorted(line))
        body.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        body += [f'<circle cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="3" fill="{color}"/>' for x, y in line]
        body += [_line(WIDTH - RIGHT - 20, TOP + 20 + index * 20, WIDTH - RIGHT, TOP + 20 + index * 20, color, 3),
                 _text(WIDTH - RIGHT + 6, TOP + 24 + index * 20, name)]
    return _svg(346, title, body)


class _Axis:
    """Powers of ten around the values, laid out from one coordinate to another."""

    def __init__(self, values, begin, end):
        self._low = math.floor(math.log10(min(values)))
        self._high = max(math.ceil(math.log10(max(values))), self._low + 1)
        self._begin, self._end = begin, end

    def at(self, value):
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self):
        return [10.0 ** exponent for exponent in range(self._low, self._high + 1)]


PERCENTILES = {"p50": 0.5, "p90": 0.1, "p99": 0.01, "p99.9": 0.001}


def latency_lines(cells, rate):
    """By how rare a message is: {kind: [(1 / share of slower ones, ms), …]}."""
    series = {}
    for name, cell in cells.items():
        group, _, rest = name.partition(".")
        kind, _, of_rate = rest.rpartition("-")
        if group != "latency" or of_rate != str(rate):
            continue
        line = [(1 / share, cell["measures"][f"commit_to_consumer_{percentile}_ms"]["median"])
                for percentile, share in PERCENTILES.items()
                if f"commit_to_consumer_{percentile}_ms" in cell["measures"]]
        if line:
            series[kind] = line
    return series


def write_all(folder, cells):
    """The plots of what was run; returns their files."""
    plots = {}
    for group, title in {"drain": "Drain, messages per second", "scale": "Scale, messages per second",
                         "services": "Services, per second"}.items():
        beside = ("limits.", "peers.") if group == "drain" else ()
        rows = [(name, cell["measures"]["rate"]) for name, cell in cells.items()
                if name.startswith((group + ".", *beside)) and "rate" in cell["measures"]]
        if rows:
            plots[group] = bars(title, rows)
    for rate in (100, 1_000, 5_000, 10_000):
        series = latency_lines(cells, rate)
        if series:
            plots[f"latency-{rate}"] = lines(f"Commit to consumer at {rate:,}/s, ms",
                                             "one message in so many is slower", series)
    files = []
    for name, svg in plots.items():
        file = folder / f"{name}.svg"
        file.write_text(svg, encoding="utf-8")
        files.append(file)
    return files
