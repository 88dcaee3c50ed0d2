"""How fast a backlog drains, and what bounds it: the minimal loops on the same rows and broker."""

import contextlib
import json
import time

from harness import debezium, processes, slots, world as worlds
from harness.cells import Cell, measure
from harness.database import Shape, make_backlogs, rewind

# Under this rate a drain counts as hung.
LEAST_RATE = 2_000
BASE = Shape()


def per_million(cpu, messages):
    return {f"cpu_{name}": seconds * 1e6 / messages for name, seconds in cpu.items()}


def drain(world, backlog, relays=1, stack=None, topic_config=None, slot="", **settings):
    """One drain by our relay: rate, CPU seconds per million by process, memory, WAL."""
    rewind(backlog, slot)
    with world.topic(stack, **(topic_config or {})) as topic, contextlib.ExitStack() as running:
        wal = backlog.database.wal_bytes()
        started = []
        for i in range(relays):
            relay = worlds.Relay(world, backlog.database, topic, f"relay-{i + 1}", stack, **settings)
            started.append(running.enter_context(relay))
        pids = [relay.pid for relay in started]
        with processes.Sampler(world.cpu_sources(stack, relay=pids)) as sampler:
            arrival = world.arrival(topic, backlog.rows, 30 + backlog.rows // LEAST_RATE,
                                    [relay.process for relay in started], stack)
            worlds.await_processed(started, backlog.rows)
            marked = time.time()
        found = {
            "rate": arrival.rate(),
            **per_million(sampler.between(arrival.first, marked), arrival.records),
            "rss_mb": max(processes.peak_rss_mb(pid) for pid in pids),
            "wal_bytes": (backlog.database.wal_bytes() - wal) / backlog.rows,
            "duplicates": arrival.records - backlog.rows,
            "late_rate": arrival.late_rate(),
            "marked_after_s": marked - arrival.last,
        }
    if settings.get("source.receipts") != "false" and backlog.database.receipts() < backlog.rows:
        raise RuntimeError(f"only {backlog.database.receipts()} of {backlog.rows} messages have receipts")
    return found


def drain_by_own_count(world, backlog, name, topic="unused", **settings):
    """Where no broker's count tells how far it is, as there is none or as markers of transactions count too: by
    what the relay says, looked at every few milliseconds."""
    rewind(backlog)
    with worlds.Relay(world, backlog.database, topic, f"relay-{name}", **settings) as relay:
        first, end = None, time.monotonic() + 30 + backlog.rows // LEAST_RATE
        with processes.Sampler(world.cpu_sources(relay=[relay.pid])) as sampler:
            while (count := relay.published()) < backlog.rows:
                if first is None and count:
                    first = count, time.time()
                relay.process.check()
                if time.monotonic() >= end:
                    raise RuntimeError(f"the relay has delivered {count} of {backlog.rows} messages")
                time.sleep(0.01)
            ended = time.time()
        if first is None:
            raise RuntimeError("all was delivered at once: too few messages to measure")
        count, began = first
        return {"rate": (backlog.rows - count) / (ended - began),
                **per_million(sampler.between(began, ended), backlog.rows - count),
                "rss_mb": processes.peak_rss_mb(relay.pid)}


def drain_exactly_once(world, backlog):
    """The relays' own record in Kafka, which they make, is a fresh one as well: it would tell that all was sent
    before."""
    with world.topic() as topic:
        positions = f"{topic}-positions"
        settings = {"sink.exactly_once": "true", "sink.position_topic": positions}
        try:
            return drain_by_own_count(world, backlog, "exactly-once", topic, **settings)
        finally:
            with contextlib.suppress(RuntimeError):  # it was not made
                world.tool("topic", "delete", brokers=world.stack.brokers, topic=positions)


def drain_wal(world, backlog):
    """By our relay from the write-ahead log."""
    with slots.copied(backlog) as slot:
        return drain(world, backlog, slot=slot)


def loop_read(world, backlog):
    """Reading alone has no topic: its own clock, from the first page on."""
    return _loop(world, backlog, "read", None)


def loop_to_kafka(world, backlog, verb, stack=None, **properties):
    """produce or read-produce; the rate by the broker's clock, as a relay's."""
    with world.topic(stack) as topic:
        more = {"properties": ",".join(f"{name}={value}" for name, value in properties.items())} if properties else {}
        return _loop(world, backlog, verb, topic, stack, **more)


def loop_wal(world, backlog):
    """By logical replication, from a copy of the slot that was made before the rows."""
    with slots.copied(backlog) as slot, world.topic() as topic:
        return _loop(world, backlog, "wal", topic, slot=slot, publication=slots.PUBLICATION, rows=backlog.rows)


def _loop(world, backlog, verb, topic, stack=None, **more):
    options = {"database": backlog.database.url, "after": backlog.after, **more}
    if topic:
        options |= {"brokers": (stack or world.stack).brokers, "topic": topic}
    log = world.logs / f"loop-{verb}.log"
    log.unlink(missing_ok=True)
    with processes.Process(world.tool_command(verb, **options), log, good_end=0) as process:
        with processes.Sampler(world.cpu_sources(stack)) as sampler:
            if topic:
                arrival = world.arrival(topic, backlog.rows, 60 + backlog.rows // LEAST_RATE, [process], stack)
            own = json.loads(process.wait_for_log(r"(?m)^\{.*\}$", 60 + backlog.rows // LEAST_RATE)[0])
            ended = time.time()
    begin = arrival.first if topic else ended - own["seconds"]
    found = {"rate": arrival.rate() if topic else own["rows"] / own["seconds"],
             "cpu_loop": own["cpu_seconds"] * 1e6 / own["rows"],
             **per_million(sampler.between(begin, arrival.last if topic else ended), own["rows"])}
    if own["rows"] != backlog.rows:
        raise RuntimeError(f"the loop saw {own['rows']} rows, not {backlog.rows}")
    return found


BULK = Shape(rows_per_transaction=100)


def base_sizes(world):
    """Backlogs of the base shape, the base's own first."""
    return [size for size in dict.fromkeys([world.rows, 10_000, 100_000, world.part]) if size <= world.rows]


def payloads(world):
    """Rows with other payloads, each in a database of its own; the large one needs the most memory."""
    found = {"payload-1600": (Shape(payload_bytes=1_600), "1.6 kB payload")}
    if not world.quick:
        found["payload-100"] = (Shape(payload_bytes=100), "100 B payload")
    return found


def settings_cells(world, backlog):
    """The base backlog under one changed setting each, where this relay has it."""
    sinks = ["null"] if world.quick else ["null", "stdout"]
    cells = [Cell(f"drain.sink-{sink}", f"into the sink {sink}",
                  lambda sink=sink: drain_by_own_count(world, backlog, sink, **{"sink.type": sink}), world.fewest)
             for sink in sinks if world.relay_offers("sink.type", sink)]
    if not world.quick:
        cells.append(Cell("drain.no-compression", "compression none",
                          lambda: drain(world, backlog, **{"sink.properties.compression.codec": "none"})))
    if world.relay_knows("source.receipts"):
        cells.append(Cell("drain.no-receipts", "without receipts",
                          lambda: drain(world, backlog, **{"source.receipts": "false"})))
    cells.append(Cell("drain.wal", "from the WAL", lambda: drain_wal(world, backlog)))
    if world.relay_knows("sink.exactly_once"):
        cells.append(Cell("drain.exactly-once", "exactly once into Kafka",
                          lambda: drain_exactly_once(world, backlog)))
    return cells


def limit_cells(world, backlog):
    cells = [
        Cell("limits.read", "loop: read", lambda: loop_read(world, backlog), world.fewest),
        Cell("limits.produce", "loop: produce", lambda: loop_to_kafka(world, backlog, "produce")),
        Cell("limits.read-produce", "loop: read and produce",
             lambda: loop_to_kafka(world, backlog, "read-produce")),
        Cell("limits.wal", "loop: logical replication and produce", lambda: loop_wal(world, backlog)),
    ]
    if not world.quick:
        cells.append(Cell("limits.produce-none", "loop: produce, compression none",
                          lambda: loop_to_kafka(world, backlog, "produce", **{"compression.codec": "none"})))
    return cells


def many(world):
    """A great backlog and the end of it, both written by the hundred, as one-row transactions would take too
    long; and as many of the same as the base has."""
    with world.database("many") as db:
        worlds.say(f"==> filling an outbox: {world.many:,} rows, 100 a transaction")
        end = min(100_000, world.rows)
        backlogs = make_backlogs(db, BULK, [world.many, world.rows, end])

        def cell(name, size, repeats):
            return Cell(name, f"{size:,} rows, 100 a transaction", lambda: drain(world, backlogs[size]), repeats)

        return measure([cell("drain.end-of-many", end, world.few),
                        cell("drain.transaction-100", world.rows, world.fewest),
                        cell("drain.many", world.many, world.fewest)], world.repeats)


def warm_up(world, backlog):
    """A JVM that has just started would make the first turn of each cell pay for it."""
    worlds.say("==> warming up the broker")
    loop_to_kafka(world, backlog, "produce")
    drain(world, backlog)
    if world.relay_knows("sink.exactly_once"):
        drain_exactly_once(world, backlog)


def run(world, wants, peers, scale):
    """Cells of the groups drain and limits, and of the modules peers and scale on the same rows."""
    results = {}
    sizes = base_sizes(world)
    with world.database("base") as db:
        # Before the slot: it sees the publications of its own moment.
        db.sql(debezium.PUBLISH, slots.PUBLISH, slots.PUBLISH_ALL)
        worlds.say(f"==> filling the base outbox: {world.rows:,} rows")
        backlogs = make_backlogs(db, BASE, sizes, world.rows)
        base = backlogs[world.rows]
        warm_up(world, base)
        cells = []
        if wants("drain"):
            cells.append(Cell("drain.base", f"base: {world.rows:,} x 256 B, one row a transaction",
                              lambda: drain(world, base)))
            cells += settings_cells(world, base)
        if wants("limits") or wants("drain"):
            cells += limit_cells(world, base)
        if wants("peers"):
            cells += peers.cells(world, base)
        if wants("tuning"):
            cells += peers.tuning_cells(world, base)
        results |= measure(cells, world.repeats)
        cells = []
        if wants("drain") or wants("scale"):
            cells += [Cell(f"drain.rows-{size}", f"backlog of {size:,}",
                           lambda size=size: drain(world, backlogs[size]), world.few) for size in sizes[1:]]
        if wants("scale"):
            cells += scale.cells(world, backlogs[world.part])
        results |= measure(cells, world.repeats)
        if wants("scale") and not world.quick:
            results |= scale.broker_cells(world, backlogs[world.part])
    if wants("drain"):
        for name, (shape, title) in payloads(world).items():
            with world.database(name.replace("-", "_")) as db:
                worlds.say(f"==> filling an outbox: {world.part:,} rows, {title}")
                backlog = make_backlogs(db, shape, [world.part])[world.part]
                results |= measure([Cell(f"drain.{name}", title, lambda b=backlog: drain(world, b))], world.fewest)
        results |= many(world)
    return results
