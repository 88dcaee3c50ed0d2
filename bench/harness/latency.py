"""How long a message takes at a steady rate, and what waiting costs."""

import contextlib
import time

from harness import debezium, processes, slots, world as worlds
from harness.cells import Cell, measure

IDLE_S = 10  # without any message
WAKE_UPS = 3  # single messages, so far apart:
GAP_S = 5


def rates(world):
    return [1_000, 10_000] if world.quick else [100, 1_000, 5_000, 10_000]


def _options(world, rate, topic):
    seconds = 4 if world.quick else 15
    return {"brokers": world.stack.brokers, "topic": topic, "partitions": worlds.PARTITIONS, "rate": rate,
            "seconds": seconds, "warmup": 2}


@contextlib.contextmanager
def _peer(world, topic, kind):
    """Our relay or Debezium on a database of its own; yields the database and the process."""
    with world.database("latency") as db:
        if kind == "debezium":
            db.sql(debezium.PUBLISH)
            with slots.fresh(db) as slot, debezium.Debezium(world, db, slot, topic, debezium.LATENCY) as peer:
                yield db, peer
        else:
            world.outboxctl(db, "source", "use", kind)
            with worlds.Relay(world, db, topic, "relay-latency") as relay:
                yield db, relay
            world.outboxctl(db, "source", "use", "table")


def at_rate(world, kind, rate):
    """Percentiles in ms; a peer with a JVM gets time to warm up."""
    with world.topic() as topic, _peer(world, topic, kind) as (db, peer):
        options = _options(world, rate, topic) | {"database": db.url}
        if kind == "debezium":
            options["warmup"] = 10
        with processes.Sampler(world.cpu_sources(peer=[peer.pid])) as sampler:
            found = world.tool("latency", **options)
            ended = time.time()
        cpu = sampler.between(ended - options["seconds"], ended)["peer"]
        return {**found, "cpu_share": cpu / options["seconds"], "rss_mb": processes.peak_rss_mb(peer.pid)}


def produce_only(world, rate):
    with world.topic() as topic:
        return world.tool("latency-produce", **_options(world, rate, topic))


def idle(world, kind):
    """CPU shares with nothing to do, then messages that come five seconds apart."""
    with world.topic() as topic, _peer(world, topic, kind) as (db, peer):
        with processes.Sampler(world.cpu_sources(peer=[peer.pid])) as sampler:
            # The first message shows that all is ready; then comes the rest, then the schedule.
            found = world.tool("latency", **_options(world, 1 / GAP_S, topic) | {
                "database": db.url, "connections": 1, "rest": GAP_S + IDLE_S, "seconds": GAP_S * WAKE_UPS + 1,
                "warmup": 0})
            ended = time.time()
        begin = ended - GAP_S * (WAKE_UPS - 1) - IDLE_S - 1  # the last is sent WAKE_UPS - 1 gaps after the rest
        cpu = sampler.between(begin, begin + IDLE_S)
        return {**{name: value for name, value in found.items() if name.startswith("commit_to_consumer")},
                "idle_cpu_percent": 100 * cpu["peer"] / IDLE_S, "idle_postgres_percent": 100 * cpu["postgres"] / IDLE_S}


def run(world):
    """All cells of the group."""
    kinds = ["table", "wal"]
    cells = []
    for rate in rates(world):
        repeats = 1 if world.quick and rate != 1_000 else world.repeats
        cells += [Cell(f"latency.{kind}-{rate}", f"{kind} mode, {rate:,}/s",
                       lambda kind=kind, rate=rate: at_rate(world, kind, rate), repeats) for kind in kinds]
        cells.append(Cell(f"latency.produce-{rate}", f"producer alone, {rate:,}/s",
                          lambda rate=rate: produce_only(world, rate), repeats))
        if debezium.available() and (rate == 1_000 or not world.quick):
            cells.append(Cell(f"latency.debezium-{rate}", f"Debezium Server, tuned for latency, {rate:,}/s",
                              lambda rate=rate: at_rate(world, "debezium", rate), world.few))
    cells += [Cell(f"latency.idle-{kind}", f"{kind} mode, idle", lambda kind=kind: idle(world, kind), repeats=1)
              for kind in kinds]
    worlds.say("==> latency at steady rates")
    return measure(cells, world.repeats)
