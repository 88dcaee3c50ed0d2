"""The two services beside what they cannot be faster than, and what an outbox costs its writers."""

import contextlib
import os
import pathlib
import re
import subprocess
import time
import urllib.request

from harness import processes, world as worlds
from harness.cells import Cell, measure

CONNECTIONS = 8  # as many as order-service's pool has
REQUESTS = 16  # at a time
LUA = pathlib.Path(__file__).with_name("order.lua")

# The order's id: later ones are higher, as order-service's are.
ORDER_ID = ("(lpad(to_hex(:run::bigint), 4, '0') || lpad(to_hex(:k::bigint), 8, '0') || "
            "lpad(to_hex(:client_id::bigint), 4, '0') || '0000000000000000')::uuid")
# order-service's transaction, statement by statement; the message travels together with COMMIT.
ORDER = f"""with o as (
  insert into orders (id, customer_id, currency, status, total_minor, created_at)
  values ({ORDER_ID}, 'c-1', 'EUR', 'CREATED', 2500, now()))
insert into order_lines (order_id, line, product_id, quantity, unit_price_minor)
select {ORDER_ID}, l.number - 1, l.product_id, l.quantity, l.price
  from unnest(array['espresso'], array[2], array[1250::bigint])
       with ordinality as l (product_id, quantity, price, number);
"""
# A colon before a name or a digit would be a variable of pgbench's.
MESSAGE = f"""insert into outbox (id, aggregatetype, aggregateid, type, payload, headers)
values ({ORDER_ID}, 'order', ({ORDER_ID})::text, 'OrderCreated',
        ('{{"orderId": "' || {ORDER_ID} || '","customerId": "c-1","currency": "EUR","status": "CREATED",'
         '"items": [{{"productId": "espresso","quantity": 2,"unitPrice": 12.50}}],"total": 25.00,'
         '"createdAt": "2026-01-01T00.00.00.000000Z"}}')::json,
        '{{"content-type": "application/json"}}');
"""


def script(outbox):
    """pgbench's."""
    message = "\\startpipeline\n" + MESSAGE + "commit;\n\\endpipeline\n"
    return "\\set k :k + 1\nbegin;\n" + ORDER + (message if outbox else "commit;\n")


class Writers:
    """pgbench runs of the orders transaction in one database."""

    def __init__(self, world, db):
        self._world, self._db, self._runs = world, db, 0

    def run(self, outbox=True, doorbell=True):
        """Transactions per second."""
        self._runs += 1
        self._db.sql(f"alter table outbox {'enable' if doorbell else 'disable'} trigger outbox_ring", "checkpoint")
        file = self._world.logs / "order.sql"
        file.write_text(script(outbox), encoding="utf-8")
        result = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(seconds(self._world)),
             "-D", "k=0", "-D", f"run={self._runs}", "-f", str(file)],
            env={**os.environ, **self._db.environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        rate = re.search(r"^tps = ([\d.]+)", result.stdout, re.MULTILINE)
        if result.returncode != 0 or not rate:
            raise RuntimeError(f"pgbench: {result.stderr.strip()[-500:]}")
        self._db.sql("alter table outbox enable trigger outbox_ring")
        return {"rate": float(rate[1])}

    def run_with_relay(self):
        """The same while a relay delivers."""
        with self._world.topic() as topic, worlds.Relay(self._world, self._db, topic, "relay-writers"):
            time.sleep(1)
            return self.run()


def seconds(world):
    return 3 if world.quick else 5


@contextlib.contextmanager
def service(world, program, log, environment, ready, **settings):
    """A running service; yields its address and process."""
    command = [str(worlds.BIN / program)]
    for path, value in settings.items():
        command += ["--set", f"{path}={value}"]
    file = world.logs / f"{log}.log"
    file.unlink(missing_ok=True)
    with processes.Process(command + ["--set", "http.port=0"], file, environment) as process:
        yield f"http://127.0.0.1:{process.wait_for_log(ready)[1]}", process


def post_orders(world, db, duration):
    """wrk against order-service: orders per second, p99."""
    with service(world, "order-service", "order-service", {"DATABASE_URL": db.url}, r"serving.*port=(\d+)") as (
            address, process):
        with processes.Sampler(world.cpu_sources(service=[process.pid])) as sampler:
            began = time.time()
            result = subprocess.run(["wrk", "-t1", f"-c{REQUESTS}", f"-d{duration}s", "--latency", "-s", str(LUA),
                                     f"{address}/v1/orders"], stdin=subprocess.DEVNULL, capture_output=True,
                                    text=True, check=False)
            ended = time.time()
        found = parse_wrk(result.stdout)
        cpu = sampler.between(began, ended)
        return {**found, **{f"cpu_{name}": value * 1e6 / (found["rate"] * duration) for name, value in cpu.items()
                            if name != "broker"},
                "rss_mb": processes.peak_rss_mb(process.pid)}


def parse_wrk(text):
    """Requests per second and the 99th percentile in ms; any error is one too many."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if not rate or not p99 or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"wrk: {text.strip()[-500:]}")
    return {"rate": float(rate[1]), "p99_ms": float(p99[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]]}


def order_cells(world, db):
    with service(world, "order-service", "order-service", {"DATABASE_URL": db.url}, r"serving.*port=(\d+)"):
        pass  # makes its tables
    writers = Writers(world, db)
    return [
        Cell("services.orders", f"order-service, {REQUESTS} connections",
             lambda: post_orders(world, db, seconds(world))),
        Cell("services.writers-alone", "pgbench: the order alone", lambda: writers.run(outbox=False)),
        Cell("services.writers-no-doorbell", "pgbench: order and message, no trigger",
             lambda: writers.run(doorbell=False)),
        Cell("services.writers-doorbell", "pgbench: order and message, as order-service", writers.run),
        Cell("services.writers-relay", "pgbench: the same while a relay delivers", writers.run_with_relay,
             world.fewest),
    ]


def consumed(address):
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(int(float(value)) for value in
               re.findall(r"^outbox_consumer_events_total\{.*\} ([\d.e+]+)$", text, re.MULTILINE))


class Invoices:
    """invoice-service on a topic full of orders."""

    def __init__(self, world, topic, records):
        self._world, self._topic, self._records, self._runs = world, topic, records, 0
        self._uri = os.environ["OUTBOX_TEST_MONGO"]

    def consume(self):
        """Events a second, from the first batch stored to the last."""
        self._runs += 1
        name = f"bench_{os.getpid()}_{self._runs}"
        with service(self._world, "invoice-service", "invoice-service",
                     {"MONGO_URI": self._uri, "KAFKA_BROKERS": self._world.stack.brokers},
                     r"invoice-service serves.*port=(\d+)",
                     **{"kafka.topic": self._topic, "kafka.group": name, "mongo.database": name}) as (address, process):
            end = time.monotonic() + 60 + self._records // 100
            first = None
            while time.monotonic() < end:
                process.check()
                count, now = consumed(address), time.time()
                if count and first is None:
                    first = count, now
                if count >= self._records:
                    break
                time.sleep(0.02)
            else:
                raise RuntimeError(f"invoice-service stored {count} of {self._records} events")
        if count == first[0]:
            raise RuntimeError("invoice-service stored everything at once: too few events to measure")
        return {"rate": (count - first[0]) / (now - first[1])}

    def insert(self):
        """The same number of documents, by bulk inserts alone."""
        self._runs += 1
        found = self._world.tool("mongo-insert", uri=self._uri, database=f"bench_{os.getpid()}_{self._runs}",
                                 documents=self._records, batch=500)
        return {"rate": found["rows"] / found["seconds"]}


def invoice_cells(world, db, topic):
    """Orders become events in the topic; the database holds nothing else."""
    post_orders(world, db, seconds(world))
    orders = int(db.sql("select count(*) from outbox"))
    with worlds.Relay(world, db, topic, "relay-orders") as relay:
        world.arrival(topic, orders, 120, [relay.process])
    invoices = Invoices(world, topic, orders)
    return [Cell("services.invoices", f"invoice-service, {orders:,} events", invoices.consume),
            Cell("services.bulk-insert", "bulk insert of such documents", invoices.insert)]


def run(world):
    """All cells of the group."""
    worlds.say("==> the services")
    with world.database("services") as db:
        found = measure(order_cells(world, db), world.repeats)
    with world.database("invoices") as db, world.topic() as topic:
        return found | measure(invoice_cells(world, db, topic), world.fewest)
