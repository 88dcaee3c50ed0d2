"""How long a message takes at a steady rate, and what waiting costs."""

import contextlib
import time

from harness import debezium, processes, slots, world as worlds
from harness.cells import Cell, measure

IDLE_S = 8  # without any message
WAKE_UPS = 3  # single messages, so far apart:
GAP_S = 3
JVM_WARM_UP_S = 10
BROKER_WARM_UP_S = 20
RATIO_RATE = 1_000  # that of the ratios


def _seconds(world, rate):
    """The broker's collector stops it for 12 to 25 ms about once in five seconds, and what waits then is near 1 % of
    three seconds' messages: with so short a window, chance decides whether the 99th percentile is one of those."""
    if rate != RATIO_RATE:
        return 3
    return 6 if world.quick else 10


def _options(world, rate, topic):
    return {"brokers": world.stack.brokers, "topic": topic, "partitions": worlds.PARTITIONS, "rate": rate,
            "seconds": _seconds(world, rate), "warmup": 1}


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
                world.outboxctl(db, "source", "use", "table")  # drops the slot


def _at_rate(world, topic, db, peer, rate, **more):
    """Percentiles in ms."""
    options = _options(world, rate, topic) | {"database": db.url} | more
    with processes.Sampler(world.cpu_sources(peer=[peer.pid])) as sampler:
        found = world.tool("latency", **options)
        ended = time.time()
    cpu = sampler.between(ended - options["seconds"], ended)["peer"]
    return {**found, "cpu_share": cpu / options["seconds"], "rss_mb": processes.peak_rss_mb(peer.pid)}


def _in_turn(kind, rates, measure_rate):
    """{part: measures} at rising rates. What goes wrong at one ends the rest, which it would spoil."""
    found = {}
    for rate in rates:
        try:
            found[f"latency.{kind}-{rate}"] = measure_rate(rate)
        except RuntimeError as problem:
            found[f"latency.{kind}-{rate}"] = str(problem)
            break
    return found


def session(world, kind, rates):
    """One process of ours or Debezium, which gets time to warm up its JVM, at all rates one after the other."""
    with world.topic() as topic, _peer(world, topic, kind) as (db, peer):
        warmups = {rates[0]: {"warmup": JVM_WARM_UP_S}} if kind == "debezium" else {}
        return _in_turn(kind, rates, lambda rate: _at_rate(world, topic, db, peer, rate, **warmups.get(rate, {})))


def produce_only(world, rates):
    with world.topic() as topic:
        return _in_turn("produce", rates, lambda rate: world.tool("latency-produce", **_options(world, rate, topic)))


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


TITLES = {"table": "table mode", "wal": "wal mode", "produce": "producer alone",
          "debezium": "Debezium Server, tuned for latency"}


def session_cell(world, kind, rates, repeats):
    run_session = (lambda: produce_only(world, rates)) if kind == "produce" else (lambda: session(world, kind, rates))
    return Cell(f"latency.{kind}", "", run_session, repeats,
                {f"latency.{kind}-{rate}": f"{TITLES[kind]}, {rate:,}/s" for rate in rates})


def cells(world):
    """The sessions of a quick run have one rate, and each further rate comes once."""
    found = []
    plan = [([100, RATIO_RATE, 5_000, 10_000], world.repeats)]
    if world.quick:
        plan = [([RATIO_RATE], world.repeats), ([10_000], 1)]
    for rates, repeats in plan:
        found += [session_cell(world, kind, rates, repeats) for kind in ("table", "wal", "produce")]
        if debezium.available() and RATIO_RATE in rates:
            found.append(session_cell(world, "debezium", rates, world.fewest))
    return found + [Cell(f"latency.idle-{kind}", f"{kind} mode, idle", lambda kind=kind: idle(world, kind), repeats=1)
                    for kind in (["table"] if world.quick else ["table", "wal"])]


def warm_up(world):
    """A broker that has only seen backlogs takes several times as long for its first single messages: the session that
    comes first would pay for all."""
    with world.topic() as topic, _peer(world, topic, "table") as (db, peer):
        _at_rate(world, topic, db, peer, RATIO_RATE, seconds=BROKER_WARM_UP_S)


def run(world):
    """All cells of the group."""
    worlds.say(f"==> warming up the broker at {RATIO_RATE:,}/s, {BROKER_WARM_UP_S} s")
    warm_up(world)
    worlds.say("==> latency at steady rates")
    return measure(cells(world), world.repeats)
