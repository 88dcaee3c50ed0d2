"""The ratios that the benchmark is about, and their targets."""

import dataclasses

from harness import bounds, stats

AT_LEAST, AT_MOST = ">=", "<="


@dataclasses.dataclass(frozen=True)
class Ratio:
    """value(cells) is None when what it needs was not run."""

    name: str
    target: float
    direction: str
    value: object
    bound: object  # bound(cells): what holds it back, when it is missed


def over(above, below, measure="rate", measure_below=None):
    """One cell's median over another's."""

    def value(cells):
        a = stats.median(cells.get(above), measure)
        b = stats.median(cells.get(below), measure_below or measure)
        return a / b if a is not None and b else None

    return value


def of(cell, measure):
    """A cell's median as it is."""
    return lambda cells: stats.median(cells.get(cell), measure)


def cost(changed, base):
    """By how much of the base's rate the changed one is slower."""

    def value(cells):
        share = over(changed, base)(cells)
        return None if share is None else 1 - share

    return value


def cpu_all(cell, names):
    """CPU seconds per million messages of several processes together."""
    parts = [stats.median(cell, f"cpu_{name}") for name in names]
    return None if None in parts else sum(parts)


def over_debezium(ours):
    """Our whole drain over the better of Debezium's whole one and its second half, when its JVM is warm."""

    def value(cells):
        own = stats.median(cells.get(ours), "rate")
        theirs = [stats.median(cells.get("peers.debezium"), name) for name in ("rate", "late_rate")]
        theirs = [rate for rate in theirs if rate is not None]
        return own / max(theirs) if own is not None and theirs else None

    return value


def peer_cpu_over_ours(cells):
    theirs = cpu_all(cells.get("peers.debezium"), ["peer"])
    ours = cpu_all(cells.get("drain.base"), ["relay"])
    return theirs / ours if theirs is not None and ours else None


def pinned_over_clean(cells):
    """The pinned run's last window over its first, or over the clean run's last: the worse of them."""
    pinned, clean = cells.get("scale.xmin-pinned"), cells.get("scale.xmin-clean")
    last, first, other = stats.median(pinned, "rate"), stats.median(pinned, "first_rate"), stats.median(clean, "rate")
    return min(last / first, last / other) if last and first and other else None


def greatest_rss(cells):
    found = bounds.greatest_rss(cells)
    return found[0][0] if found else None


def rates_of(*names):
    return bounds.figures_of(("rate", "p99_ms"), *names)


RATIOS = [
    Ratio("table_drain_over_produce_only", 0.50, AT_LEAST, over("drain.base", "limits.produce"),
          bounds.cores_of("drain.base", "limits.produce")),
    Ratio("table_drain_no_receipts_over_produce_only", 0.60, AT_LEAST,
          over("drain.no-receipts", "limits.produce"), bounds.cores_of("drain.no-receipts", "limits.produce")),
    Ratio("table_drain_over_minimal_table_loop", 0.85, AT_LEAST,
          over("drain.base", "limits.read-produce"), bounds.cores_of("drain.base", "limits.read-produce")),
    Ratio("wal_drain_over_minimal_wal_loop", 0.90, AT_LEAST, over("drain.wal", "limits.wal"),
          bounds.cores_of("drain.wal", "limits.wal")),
    Ratio("drain_over_debezium", 4, AT_LEAST, over_debezium("drain.base"),
          bounds.cores_of("drain.base", "peers.debezium")),
    Ratio("wal_drain_over_debezium", 3, AT_LEAST, over_debezium("drain.wal"),
          bounds.cores_of("drain.wal", "peers.debezium")),
    Ratio("cpu_per_message_debezium_over_ours", 5, AT_LEAST, peer_cpu_over_ours,
          bounds.figures_of(("cpu_peer", "cpu_relay"), "peers.debezium", "drain.base")),
    Ratio("rss_debezium_over_ours", 10, AT_LEAST, over("peers.debezium", "drain.base", "rss_mb"),
          bounds.figures_of(("rss_mb",), "peers.debezium", "drain.base")),
    Ratio("p99_debezium_over_ours", 5, AT_LEAST,
          over("latency.debezium-1000", "latency.table-1000", "commit_to_consumer_p99_ms"),
          bounds.latency_of("latency.table-1000", "latency.debezium-1000")),
    Ratio("wal_p99_debezium_over_ours", 5, AT_LEAST,
          over("latency.debezium-1000", "latency.wal-1000", "commit_to_consumer_p99_ms"),
          bounds.latency_of("latency.wal-1000", "latency.debezium-1000")),
    Ratio("drain_over_naive", 50, AT_LEAST, over("drain.base", "peers.naive"),
          bounds.cores_of("drain.base", "peers.naive")),
    Ratio("relay_cpu_over_producer_cpu", 2.0, AT_MOST,
          over("drain.base", "limits.produce", "cpu_relay", "cpu_loop"),
          bounds.figures_of(("cpu_relay", "cpu_loop"), "drain.base", "limits.read-produce", "limits.produce")),
    Ratio("relay_rss_mb", 64, AT_MOST, greatest_rss, bounds.rss),
    Ratio("drain_5M_over_100k", 0.90, AT_LEAST, over("drain.many", "drain.end-of-many"),
          bounds.cores_of("drain.many", "drain.end-of-many")),
    Ratio("wal_p99_over_produce_only_p99", 4, AT_MOST,
          over("latency.wal-1000", "latency.produce-1000", "commit_to_consumer_p99_ms"),
          bounds.latency_of("latency.wal-1000", "latency.produce-1000")),
    Ratio("table_p50_busy_ms", 3, AT_MOST, of("latency.table-1000", "commit_to_consumer_p50_ms"),
          bounds.latency_of("latency.table-1000", "latency.produce-1000")),
    Ratio("writers_with_doorbell_over_without", 0.95, AT_LEAST,
          over("services.writers-doorbell", "services.writers-no-doorbell"),
          rates_of("services.writers-doorbell", "services.writers-no-doorbell")),
    Ratio("exactly_once_cost", 0.15, AT_MOST, cost("drain.exactly-once", "drain.base"),
          bounds.cores_of("drain.exactly-once", "drain.base")),
    Ratio("pinned_xmin_over_clean", 0.9, AT_LEAST, pinned_over_clean,
          bounds.figures_of(("rate", "first_rate"), "scale.xmin-pinned", "scale.xmin-clean")),
    Ratio("poisoned_over_clean", 0.9, AT_LEAST, over("scale.poisoned", "scale.poison-free"),
          bounds.cores_of("scale.poisoned", "scale.poison-free")),
    Ratio("orders_over_pgbench", 0.7, AT_LEAST, over("services.orders", "services.writers-doorbell"),
          bounds.cores_of("services.orders")),
    Ratio("orders_with_outbox_over_orders_alone", 0.7, AT_LEAST,
          over("services.writers-doorbell", "services.writers-alone"),
          rates_of("services.writers-doorbell", "services.writers-alone")),
]


def evaluate(cells):
    """{name: {target, direction, value, reached, bound}} of those that were run."""
    found = {}
    for ratio in RATIOS:
        value = ratio.value(cells)
        if value is None:
            continue
        reached = value >= ratio.target if ratio.direction == AT_LEAST else value <= ratio.target
        found[ratio.name] = {"target": ratio.target, "direction": ratio.direction, "value": round(value, 4),
                             "reached": reached, "bound": None if reached else ratio.bound(cells)}
    return found


def not_run(found):
    return [ratio.name for ratio in RATIOS if ratio.name not in found]
