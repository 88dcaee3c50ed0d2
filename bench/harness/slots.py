"""Replication slots that are made before a backlog, and copies of them that runs use up."""

import contextlib
import time

COPY = "bench_copy"
PUBLICATION = "bench_wal"
# In the order of the table's columns; what a minimal loop needs for the record and its headers.
PUBLISH = (f"create publication {PUBLICATION} for table outbox (seq, created_at, id, aggregateid, type, payload) "
           "with (publish = 'insert', publish_via_partition_root = true)")
# As outboxctl makes it for our relay.
PUBLISH_ALL = ("create publication outbox_wal for table outbox with (publish = 'insert', "
               "publish_via_partition_root = true)")


def drop_copy(db, timeout=30):
    """Once its reader has gone."""
    end = time.monotonic() + timeout
    while db.sql(f"select active from pg_replication_slots where slot_name = '{COPY}'") == "t":
        if time.monotonic() >= end:
            raise RuntimeError(f"the slot {COPY} is still in use after {timeout} s")
        time.sleep(0.1)
    db.sql(f"select pg_drop_replication_slot('{COPY}') from pg_replication_slots where slot_name = '{COPY}'")


@contextlib.contextmanager
def copied(backlog):
    """The backlog's slot again, as it was before the rows; yields its name."""
    drop_copy(backlog.database)
    backlog.database.sql(f"select pg_copy_logical_replication_slot('{backlog.slot}', '{COPY}')")
    try:
        yield COPY
    finally:
        drop_copy(backlog.database)


@contextlib.contextmanager
def fresh(db):
    """A slot of this moment; yields its name."""
    drop_copy(db)
    db.sql(f"select pg_create_logical_replication_slot('{COPY}', 'pgoutput')")
    try:
        yield COPY
    finally:
        drop_copy(db)
