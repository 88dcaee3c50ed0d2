"""What a user would take instead, on the same rows and the same broker."""

import json

from harness import debezium, processes, slots
from harness.cells import Cell
from harness.drain import LEAST_RATE, per_million

NAIVE_ROWS = 20_000


def drain_debezium(world, backlog, tuning):
    """The slot was made before the rows; each run reads a copy of it."""
    db = backlog.database
    with slots.copied(backlog) as slot, world.topic() as topic:
        with debezium.Debezium(world, db, slot, topic, tuning) as peer:
            wal = db.wal_bytes()
            with processes.Sampler(world.cpu_sources(peer=[peer.pid])) as sampler:
                arrival = world.arrival(topic, backlog.rows, 120 + backlog.rows // LEAST_RATE, [peer.process])
            return {
                "rate": arrival.rate(),
                **per_million(sampler.between(arrival.first, arrival.last), arrival.records),
                "rss_mb": processes.peak_rss_mb(peer.pid),
                "wal_bytes": (db.wal_bytes() - wal) / backlog.rows,
                "duplicates": arrival.records - backlog.rows,
                "late_rate": arrival.late_rate(),
            }


def drain_naive(world, backlog):
    """On a table of its own, made anew for each run."""
    db = backlog.database
    db.sql("drop table if exists naive_outbox",
           "create table naive_outbox as select seq, id, created_at, type, aggregateid, payload, false as processed "
           f"from outbox where seq > {backlog.after} order by seq limit {NAIVE_ROWS}",
           "alter table naive_outbox add primary key (seq)",
           "create index on naive_outbox (seq) where not processed",
           "vacuum analyze naive_outbox", "checkpoint")
    log = world.logs / "naive-relay.log"
    log.unlink(missing_ok=True)
    with world.topic() as topic:
        wal = db.wal_bytes()
        command = world.tool_command("naive-relay", database=db.url, brokers=world.stack.brokers, topic=topic)
        with processes.Process(command, log, good_end=0) as process:
            with processes.Sampler(world.cpu_sources()) as sampler:
                arrival = world.arrival(topic, NAIVE_ROWS, 300, [process])
                own = json.loads(process.wait_for_log(r"(?m)^\{.*\}$")[0])
        return {"rate": arrival.rate(), "cpu_peer": own["cpu_seconds"] * 1e6 / NAIVE_ROWS,
                **per_million(sampler.between(arrival.first, arrival.last), NAIVE_ROWS),
                "wal_bytes": (db.wal_bytes() - wal) / NAIVE_ROWS}


def tuning_cells(world, backlog):
    """What was tried to make Debezium fast."""
    tried = {"chosen": debezium.THROUGHPUT} | debezium.TRIED
    return [Cell(f"tuning.{name}", f"Debezium Server, {name}", lambda t=tuning: drain_debezium(world, backlog, t))
            for name, tuning in tried.items()]


def cells(world, backlog):
    """The peers' cells on the base backlog."""
    found = [Cell("peers.naive", f"naive relay, {NAIVE_ROWS:,} rows", lambda: drain_naive(world, backlog),
                  repeats=1 if world.quick else 0)]
    if debezium.available():
        found.append(Cell("peers.debezium", "Debezium Server, outbox router, tuned for throughput",
                          lambda: drain_debezium(world, backlog, debezium.THROUGHPUT), world.few))
    return found
