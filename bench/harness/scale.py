"""How the relay's rate changes with relays, keys, brokers, a poisoned key, and an old snapshot."""

import contextlib
import dataclasses
import re
import subprocess

from harness import processes, world as worlds
from harness.cells import Cell, measure
from harness.database import Shape, make_backlogs, rewind
from harness.drain import LEAST_RATE, drain, loop_to_kafka, per_million

SMALL_LIMIT = 20_000  # bytes that the poisoned key's topic takes: less than its first message
PIN = "bench-pin"
STEADY_RATE = 2_000  # of the writers under an old snapshot
THREE = "bench3"


@contextlib.contextmanager
def three_brokers():
    """Brokers of a stack of their own."""
    dev = str(worlds.ROOT / "dev")
    result = subprocess.run([dev, "stack", "up", "--name", THREE, "--only", "kafka", "--brokers", "3"], check=False,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    try:
        found = re.search(r"OUTBOX_TEST_KAFKA='([^']+)'", result.stdout)
        if not found:
            raise RuntimeError(f"three brokers did not start: {result.stderr}")
        yield worlds.Stack(THREE, found[1])
    finally:
        subprocess.run([dev, "stack", "down", "--name", THREE], check=False, stdin=subprocess.DEVNULL,
                       capture_output=True)


def cells(world, backlog):
    """Several relays on the backlog; beside them counts drain.rows-… of the same size."""
    return [Cell(f"scale.relays-{relays}", f"{relays} relays", lambda n=relays: drain(world, backlog, n), world.fewest)
            for relays in (2, 4)]


def broker_cells(world, backlog):
    """The backlog into three brokers, and a producer alone, for the share."""
    worlds.say("==> three brokers")
    with three_brokers() as stack:
        return measure([
            Cell("scale.brokers-3", "3 brokers", lambda: drain(world, backlog, stack=stack)),
            Cell("scale.brokers-3-produce", "3 brokers, loop: produce",
                 lambda: loop_to_kafka(world, backlog, "produce", stack)),
        ], world.repeats)


def key_cells(world):
    """Backlogs with other numbers of keys."""
    found = {}
    for keys in (10, 1_000, 1_000_000):
        with world.database("keys") as db:
            worlds.say(f"==> filling an outbox: {world.part:,} rows of {keys:,} keys")
            backlog = make_backlogs(db, Shape(keys=keys), [world.part])[world.part]
            found |= measure([Cell(f"scale.keys-{keys}", f"{keys:,} keys", lambda b=backlog: drain(world, b))],
                             world.repeats)
    return found


def others_rate(world, backlog):
    """How fast the other keys drain. What of the poisoned key is not refused has a topic of its own."""
    rewind(backlog)
    with world.topic() as topic, world.topic(max_message_bytes=SMALL_LIMIT) as poisoned:
        routes = {"sink.routes.poisoned": poisoned}
        with worlds.Relay(world, backlog.database, topic, "relay-poison", **routes) as relay:
            with processes.Sampler(world.cpu_sources(relay=[relay.pid])) as sampler:
                arrival = world.arrival(topic, backlog.rows, 60 + 2 * backlog.rows // LEAST_RATE, [relay.process])
            return {"rate": arrival.rate(),
                    **per_million(sampler.between(arrival.first, arrival.last), backlog.rows),
                    "rss_mb": processes.peak_rss_mb(relay.pid)}


def poison_cells(world):
    """A message that the broker refuses and many of its key behind it, among the others; and the same
    without any of that key."""
    rows, behind = world.part, world.part // 10
    with world.database("poison") as db:
        worlds.say(f"==> filling an outbox: {rows:,} rows, {behind:,} more of a poisoned key among them")
        poisoned = db.mark(rows)
        filler = db.start("set synchronous_commit = off", f"call bench_fill_poisoned({behind}, {2 * SMALL_LIMIT})")
        db.fill(rows, Shape())
        db.finish(filler)
        db.settle()
        with world.database("poison_free", db) as copy:
            copy.sql("delete from outbox where aggregateid = 'poisoned'")
            copy.settle()
            free = dataclasses.replace(poisoned, database=copy)
            return measure([
                Cell("scale.poison-free", "the other keys alone", lambda: others_rate(world, free)),
                Cell("scale.poisoned", f"the other keys, {behind:,} rows of one wait behind a refused message",
                     lambda: others_rate(world, poisoned)),
            ], world.repeats)


@contextlib.contextmanager
def pinned(db):
    """An open transaction, whose snapshot keeps every dead row from being removed."""
    open_transaction = db.start(f"set application_name = '{PIN}'", "begin isolation level repeatable read",
                                "select count(*) from outbox_control", "select pg_sleep(100000)")
    try:
        yield
    finally:
        db.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{PIN}'")
        open_transaction.communicate()


def steady(world, seconds, window, pin):
    """The rate of the last minute at the consumer, under a steady load."""
    with world.database("steady") as db, world.topic() as topic, contextlib.ExitStack() as held:
        if pin:
            held.enter_context(pinned(db))
        with worlds.Relay(world, db, topic, "relay-steady") as relay:
            found = world.tool("latency", brokers=world.stack.brokers, topic=topic, partitions=worlds.PARTITIONS,
                               database=db.url, rate=STEADY_RATE, seconds=seconds, warmup=5, window=window)
            return {"rate": found["last_rate"], "first_rate": found["first_rate"],
                    "rss_mb": processes.peak_rss_mb(relay.pid),
                    **{name: value for name, value in found.items() if name.startswith("commit_to_consumer")}}


def run(world):
    """The cells with rows of their own; a quick run has none of them, nor three brokers."""
    if world.quick:
        return {}
    found = key_cells(world) | poison_cells(world)
    worlds.say(f"==> a steady {STEADY_RATE:,}/s, without and for ten minutes with a transaction that stays open")
    return found | measure([
        Cell("scale.xmin-clean", "steady load", lambda: steady(world, 60, 60, False)),
        Cell("scale.xmin-pinned", "steady load, an old snapshot", lambda: steady(world, 600, 60, True))], 1)
