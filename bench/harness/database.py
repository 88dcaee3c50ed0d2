"""A database with an outbox, the backlogs in it, and the way back to their beginning."""

import dataclasses
import os
import pathlib
import subprocess
import urllib.parse

FILL = pathlib.Path(__file__).with_name("fill.sql")
FILLERS = 2  # connections that fill side by side


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a backlog's rows are like; the defaults are the base cell's."""

    payload_bytes: int = 256
    rows_per_transaction: int = 1
    keys: int = 10_000


@dataclasses.dataclass(frozen=True)
class Backlog:
    """The rows of an outbox from one moment on."""

    database: "Database"
    rows: int
    after: int  # their seqs are higher
    snapshot: str  # nothing of them is visible in it
    slot: str = ""  # a logical replication slot of that moment, where one was made


def finish(psql):
    """What a psql printed, when it has ended; raises when it failed."""
    output, problem = psql.communicate()
    if psql.returncode != 0:
        raise RuntimeError(f"PostgreSQL: {problem.strip()}")
    return output.strip()


class Database:
    """Talks by psql. Its environment holds the password, not its arguments."""

    def __init__(self, server_url, name):
        url = urllib.parse.urlsplit(server_url)
        self.name = name
        self.url = url._replace(path="/" + name).geturl()
        self.host, self.port, self.user, self.password = url.hostname, url.port, url.username, url.password
        self.environment = {"PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username,
                            "PGPASSWORD": url.password, "PGDATABASE": name}

    def start(self, *statements):
        """A psql that runs them one after the other, for several at once; finish() waits for it."""
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        for statement in statements:
            command += ["-c", statement]
        return subprocess.Popen(command, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def sql(self, *statements):
        """Runs them one after the other; returns their rows as text."""
        return finish(self.start(*statements))

    def create(self, outboxctl):
        """A new one, with the outbox's tables."""
        self.drop()
        self._maintenance().sql(f"create database {self.name}")
        self.run(outboxctl, "migrate")
        self.sql(FILL.read_text(encoding="utf-8"))

    def run(self, outboxctl, *command):
        """One of outboxctl's commands."""
        subprocess.run([outboxctl, *command], env={**os.environ, "DATABASE_URL": self.url}, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def copy_from(self, other):
        """A new one with all that the other has. Nobody may be connected to that."""
        self.drop()
        self._maintenance().sql(f"create database {self.name} template {other.name}")

    def drop(self):
        """With its replication slots; no error when it does not exist."""
        server = self._maintenance()
        server.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots "
                   f"where database = '{self.name}' and not active")
        server.sql(f"drop database if exists {self.name} with (force)")

    def _maintenance(self):
        url = urllib.parse.urlsplit(self.url)
        return Database(url._replace(path="/postgres").geturl(), "postgres")

    def mark(self, rows, slot=""):
        """The backlog of rows that are written from now on."""
        if slot:
            self.sql(f"select pg_create_logical_replication_slot('{slot}', 'pgoutput')")
        after, snapshot = self.sql("select coalesce(max(seq), 0), pg_current_snapshot() from outbox").split("|")
        return Backlog(self, rows, int(after), snapshot, slot)

    def fill(self, rows, shape):
        """Writes rows; what a crash would take is no matter."""
        self.sql(f"call bench_prepare({shape.payload_bytes})", "analyze bench_data")
        share = [rows // FILLERS + (1 if i < rows % FILLERS else 0) for i in range(FILLERS)]
        fillers = [self.start("set synchronous_commit = off",
                              f"call bench_fill({count}, {shape.rows_per_transaction}, {shape.keys})")
                   for count in share]
        for filler in fillers:
            finish(filler)

    def settle(self):
        """What would otherwise be done during the first run: hint bits, statistics, writing out."""
        self.sql("vacuum (analyze) outbox")
        self.sql("checkpoint")

    @staticmethod
    def finish(psql):
        """Waits for a psql that was started."""
        return finish(psql)

    def wal_bytes(self):
        """The position of the log, of all databases."""
        return int(self.sql("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def receipts(self):
        """How many messages are marked as processed."""
        return int(self.sql("select count(*) from outbox_receipt"))


def rewind(backlog, slot=""):
    """As if nothing of the backlog had been sent yet; with a slot, to be read from the log. No relay may run."""
    lsn = f"(select confirmed_flush_lsn from pg_replication_slots where slot_name = '{slot}')"
    backlog.database.sql(
        "truncate outbox_progress_0, outbox_progress_1, outbox_receipt_run, outbox_exception, outbox_attempt, "
        "outbox_relay, outbox_intent, outbox_kept",
        "update outbox_shard set owner = '' where owner <> ''",
        "insert into outbox_progress_0 (epoch, n, shards, from_snapshot, lsn) "
        f"values (0, 0, -1, '{backlog.snapshot}', {lsn if slot else 'null'})",
        f"update outbox_control set mode = 'wal', slot = '{slot}', slot_lsn = {lsn}, "
        f"slot_snapshot = '{backlog.snapshot}'" if slot else
        "update outbox_control set mode = 'table', slot = null, slot_lsn = null, slot_snapshot = null",
        "checkpoint",
    )


def make_backlogs(database, shape, sizes, slot_at=0):
    """Fills an outbox once; the backlogs are its last rows, so many as `sizes` says. That of the size
    `slot_at` gets a replication slot."""
    backlogs, left = {}, max(sizes)
    sizes = sorted(set(sizes), reverse=True)
    for size, smaller in zip(sizes, sizes[1:] + [0]):
        assert left == size
        slot = f"{database.name}_{size}" if size == slot_at else ""
        backlogs[size] = database.mark(size, slot)
        database.fill(size - smaller, shape)
        left = smaller
    database.settle()
    return backlogs
