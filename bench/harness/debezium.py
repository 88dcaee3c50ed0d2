"""Debezium Server with the outbox event router, set up as its users would for an outbox."""

import os
import pathlib

from harness.processes import Process

PUBLICATION = "bench_debezium"
# The columns that the router needs. Inserts alone, under the partitioned table's own name.
PUBLISH = (f"create publication {PUBLICATION} for table outbox (seq, id, aggregatetype, aggregateid, type, payload) "
           "with (publish = 'insert', publish_via_partition_root = true)")
HEAP = "1g"

# What both configurations have. Keys and payloads go out as they are in the table, without schemas.
COMMON = {
    "debezium.sink.type": "kafka",
    "debezium.sink.kafka.producer.key.serializer": "org.apache.kafka.common.serialization.StringSerializer",
    "debezium.sink.kafka.producer.value.serializer": "org.apache.kafka.common.serialization.StringSerializer",
    "debezium.sink.kafka.producer.acks": "all",
    "debezium.sink.kafka.producer.enable.idempotence": "true",
    "debezium.sink.kafka.producer.compression.type": "lz4",
    "debezium.format.key": "simplestring",
    "debezium.format.value": "simplestring",
    "debezium.format.header": "json",
    "debezium.format.header.schemas.enable": "false",
    "debezium.source.connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "debezium.source.topic.prefix": "bench",
    "debezium.source.plugin.name": "pgoutput",
    "debezium.source.publication.name": PUBLICATION,
    "debezium.source.publication.autocreate.mode": "disabled",
    "debezium.source.table.include.list": "public.outbox",
    "debezium.source.snapshot.mode": "no_data",
    "debezium.source.tombstones.on.delete": "false",
    "debezium.source.offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
    "debezium.source.offset.flush.interval.ms": "1000",
    "debezium.transforms": "outbox",
    "debezium.transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
    "quarkus.log.console.json": "false",
    "quarkus.log.level": "WARN",
    "quarkus.http.port": "0",
}
THROUGHPUT = {
    "debezium.source.max.batch.size": "8192",
    "debezium.source.max.queue.size": "32768",
    "debezium.source.poll.interval.ms": "5",
    "debezium.sink.kafka.producer.linger.ms": "5",
    "debezium.sink.kafka.producer.batch.size": "262144",
    "debezium.sink.kafka.producer.buffer.memory": "67108864",
}
# What else was tried for the throughput: ./dev bench --only tuning
TRIED = {
    "small-batches": THROUGHPUT | {"debezium.source.max.batch.size": "2048", "debezium.source.max.queue.size": "8192"},
    "large-batches": THROUGHPUT | {"debezium.source.max.batch.size": "32768",
                                   "debezium.source.max.queue.size": "131072"},
    "rare-offsets": THROUGHPUT | {"debezium.source.offset.flush.interval.ms": "60000"},
    "one-thread": THROUGHPUT | {"debezium.source.record.processing.threads": "1"},
    "long-linger": THROUGHPUT | {"debezium.sink.kafka.producer.linger.ms": "50",
                                 "debezium.sink.kafka.producer.batch.size": "1048576"},
    "parallel-gc": THROUGHPUT | {"java": "-XX:+UseParallelGC"},
}
LATENCY = {
    "debezium.source.max.batch.size": "2048",
    "debezium.source.max.queue.size": "8192",
    "debezium.source.poll.interval.ms": "1",
    "debezium.sink.kafka.producer.linger.ms": "0",
}


def available():
    return "BENCH_DEBEZIUM_HOME" in os.environ


def properties(db, slot, topic, brokers, offsets, tuning):
    """The whole application.properties."""
    return COMMON | {name: value for name, value in tuning.items() if name != "java"} | {
        "debezium.sink.kafka.producer.bootstrap.servers": brokers,
        "debezium.source.database.hostname": db.host,
        "debezium.source.database.port": db.port,
        "debezium.source.database.user": db.user,
        "debezium.source.database.password": db.password,
        "debezium.source.database.dbname": db.name,
        "debezium.source.slot.name": slot,
        "debezium.source.offset.storage.file.filename": offsets,
        "debezium.transforms.outbox.route.topic.replacement": topic,
    }


class Debezium:
    """A running server, in a folder of its own, from the slot's position on."""

    def __init__(self, world, db, slot, topic, tuning):
        home = pathlib.Path(os.environ["BENCH_DEBEZIUM_HOME"])
        folder = world.folder / "debezium"
        config = folder / "config" / "application.properties"
        config.parent.mkdir(parents=True, exist_ok=True)
        offsets = folder / "offsets.dat"
        offsets.unlink(missing_ok=True)
        wanted = properties(db, slot, topic, world.stack.brokers, offsets, tuning)
        config.touch(mode=0o600)
        config.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()), encoding="utf-8")
        log = world.logs / "debezium.log"
        log.unlink(missing_ok=True)
        runner = next(home.glob("debezium-server-*runner.jar"))
        classpath = f"{runner}:{folder / 'config'}:{home / 'lib'}/*"
        self.process = Process(
            [os.environ["BENCH_JAVA"], f"-Xms{HEAP}", f"-Xmx{HEAP}", *tuning.get("java", "").split(),
             "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", classpath, "io.debezium.server.Main"],
            log, cwd=folder)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop(30)
