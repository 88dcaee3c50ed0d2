"""Where everything is: programs, servers, logs; and what several cells do alike."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

from harness import database, processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "release" / "bin"
PARTITIONS = 12
# The broker stamps records as they arrive, and deleted topics leave the disk at once.
TOPIC_CONFIG = {"message.timestamp.type": "LogAppendTime", "file.delete.delay.ms": "1000"}


def say(text):
    """For the person who waits."""
    print(text, file=sys.stderr, flush=True)


def settings_of(example):
    """{path: what it says about it} of the settings in a commented example file."""
    section, comment, found = "", "", {}
    for line in example.splitlines():
        if match := re.match(r"\[(.+)\]$", line):
            section = match[1] + "."
        elif match := re.match(r"#? ?([a-z_]+) = ", line):
            found[section + match[1]] = comment
        comment = line
    return found


def offers(comment, choice):
    """Whether a setting's comment lists the choice."""
    choices = re.search(r"One of: ([^.]*)\.", comment)
    return bool(choices) and choice in choices[1].split(", ")


class Stack:
    """Servers of ./dev stack, by its folder."""

    def __init__(self, name, brokers):
        self.folder = ROOT / ".stack" / name
        self.brokers = brokers

    def _pid(self, process):
        return int((self.folder / f"{process}.pid").read_text(encoding="ascii").split()[0])

    def broker_pids(self):
        return [self._pid(path.stem) for path in self.folder.glob("kafka-*.pid")]

    def postgres_pid(self):
        return self._pid("postgres")


class World:
    """One run of the benchmark."""

    def __init__(self, options, folder):
        self.quick = options.quick
        self.wants_debezium = any(group in options.only for group in ("peers", "latency", "tuning"))
        self.repeats = options.repeats or (3 if options.quick else 5)
        self.rows = options.rows or (200_000 if options.quick else 1_000_000)  # of the base backlog
        self.many = 5 * options.rows if options.rows else 5_000_000
        self.folder = folder
        self.logs = folder / "logs"
        self.postgres_url = os.environ["OUTBOX_TEST_POSTGRES"]
        self.stack = Stack(os.environ["OUTBOX_TEST_STACK"], os.environ["OUTBOX_TEST_KAFKA"])
        self.server = database.Database(self.postgres_url, "postgres")
        self._topics = 0
        self._settings = settings_of(subprocess.run([BIN / "outbox-processor", "--example-config"], check=True,
                                                    capture_output=True, text=True).stdout)

    def relay_knows(self, setting):
        """Whether this relay has a setting, such as source.receipts."""
        return setting in self._settings

    @staticmethod
    def outboxctl(db, *command):
        """One of its commands on this database."""
        db.run(BIN / "outboxctl", *command)

    def relay_offers(self, setting, choice):
        """Whether one of the setting's choices is this one."""
        return offers(self._settings.get(setting, ""), choice)

    @property
    def few(self):
        """The repeats of what takes long: fewer in a quick run."""
        return min(2, self.repeats) if self.quick else self.repeats

    @property
    def fewest(self):
        """The repeats of cells that no ratio needs: one in a quick run."""
        return 1 if self.quick else self.repeats

    @property
    def part(self):
        """The rows of cells with rows of their own, or that take long: a part of the base's."""
        return self.rows // 2 if self.quick else self.rows // 4

    @contextlib.contextmanager
    def database(self, name, template=None):
        """A database of its own, or a copy of another, gone afterwards."""
        made = database.Database(self.postgres_url, f"bench_{name}")
        if template:
            made.copy_from(template)
        else:
            made.create(BIN / "outboxctl")
        try:
            yield made
        finally:
            made.drop()

    @contextlib.contextmanager
    def topic(self, stack=None, name="", **config):
        """A fresh topic, gone afterwards. Settings with _ for . are the topic's own."""
        stack = stack or self.stack
        self._topics += 1
        name = name or f"bench-{os.getpid()}-{self._topics}"
        settings = TOPIC_CONFIG | {key.replace("_", "."): value for key, value in config.items()}
        replicas = min(3, len(stack.brokers.split(",")))
        self.tool("topic", "create", brokers=stack.brokers, topic=name, partitions=PARTITIONS, replicas=replicas,
                  config=",".join(f"{key}={value}" for key, value in settings.items()))
        try:
            yield name
        finally:
            self.tool("topic", "delete", brokers=stack.brokers, topic=name)

    def tool_command(self, *verbs, **options):
        command = [str(BIN / "outbox-bench"), *verbs]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        return command

    def tool(self, *verbs, **options):
        """Runs outbox-bench; what it printed as JSON."""
        result = subprocess.run(self.tool_command(*verbs, **options), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"outbox-bench {' '.join(verbs)}: {result.stderr.strip()} {result.stdout.strip()}")
        return json.loads(result.stdout) if result.stdout.strip() else None

    def arrival(self, topic, records, timeout, senders, stack=None):
        """When the first and the last of so many records arrived, in seconds of the wall's clock."""
        stack = stack or self.stack
        command = self.tool_command("topic", "await", brokers=stack.brokers, topic=topic, partitions=PARTITIONS,
                                    records=records, timeout=timeout)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as waiting:
            try:
                while waiting.poll() is None:
                    for sender in senders:
                        sender.check()
                    time.sleep(0.02)
            except RuntimeError:
                waiting.kill()
                raise
            output, problem = waiting.stdout.read(), waiting.stderr.read()
        if waiting.returncode != 0:
            raise RuntimeError(f"{records} records did not arrive within {timeout} s: {output} {problem}")
        found = json.loads(output)
        return Arrival(found["records"], found["first_ms"] / 1e3, found["last_ms"] / 1e3, found["at_first_ms"],
                       found["half"], found["half_ms"] / 1e3)

    def cpu_sources(self, stack=None, **processes_by_name):
        """For a Sampler: the servers, and the processes given."""
        stack = stack or self.stack
        postgres, brokers = self.stack.postgres_pid(), stack.broker_pids()
        sources = {
            "postgres": lambda: processes.tree_cpu_seconds(postgres),
            "broker": lambda: sum(processes.cpu_seconds(pid) for pid in brokers),
        }
        for name, pids in processes_by_name.items():
            sources[name] = lambda pids=pids: sum(processes.cpu_seconds(pid) for pid in pids)
        return sources


@dataclasses.dataclass(frozen=True)
class Arrival:
    """The records of a topic and when they came, in seconds of the wall's clock."""

    records: int
    first: float
    last: float
    at_first: int  # came in the same millisecond as the first
    half: int  # were there when half of them was first seen to be
    half_at: float

    def rate(self):
        """Records per second from the first's arrival on. What came with it is not counted."""
        if self.last <= self.first:
            return None
        return (self.records - self.at_first) / (self.last - self.first)

    def late_rate(self):
        """The rate of the second half, when whatever must warm up is warm."""
        if self.last <= self.half_at or self.half >= self.records:
            return None
        return (self.records - self.half) / (self.last - self.half_at)


class Relay:
    """A running outbox-processor."""

    def __init__(self, world, db, topic, name="relay", stack=None, **settings):
        stack = stack or world.stack
        command = [str(BIN / "outbox-processor")]
        for path, value in {"sink.brokers": stack.brokers, "sink.topic": topic, "http.port": 0, **settings}.items():
            command += ["--set", f"{path}={value}"]
        log = world.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        # It logs to standard error; the sink stdout has the other to itself.
        self.process = processes.Process(command, log, {"DATABASE_URL": db.url}, keep_output=False)
        self.pid = self.process.pid
        self._address = None

    def _get(self, path):
        if self._address is None:
            port = self.process.wait_for_log(r"outbox-processor is up.*port=(\d+)")[1]
            self._address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(self._address + path, timeout=10) as answer:
            return answer.read().decode()

    def processed(self):
        """How many messages it has marked."""
        return json.loads(self._get("/api/v1/overview"))["processed"]

    def published(self):
        """How many messages its destination has acknowledged."""
        return sum(int(float(value)) for value in
                   re.findall(r"^outbox_messages_published_total\{.*\} (\S+)$", self._get("/metrics"), re.MULTILINE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()


def await_processed(relays, messages, timeout=60):
    """Until the relays have marked so many messages together."""
    end = time.monotonic() + timeout
    while sum(relay.processed() for relay in relays) < messages:
        for relay in relays:
            relay.process.check()
        if time.monotonic() >= end:
            raise RuntimeError(f"the relay has not marked {messages} messages {timeout} s after they had arrived")
        time.sleep(0.05)
