"""On what it was measured."""

import os
import pathlib
import platform
import re
import subprocess


def first_line(command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    return (result.stdout or result.stderr).strip().split("\n")[0]


def describe_debezium(wanted, environment):
    """Its version and its Java, or why it is not among the peers."""
    if not wanted:
        return {"Debezium": "not asked for"}
    if "BENCH_DEBEZIUM_HOME" not in environment:
        return {"Debezium": f"left out: it needs Java {environment.get('BENCH_DEBEZIUM_JAVA', '?')} or newer, and none "
                            "is under /usr/lib/jvm"}
    return {"Debezium": environment["BENCH_DEBEZIUM"], "its Java": first_line([environment["BENCH_JAVA"], "-version"])}


def describe(world):
    """Versions and hardware, for the head of the report."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="ascii"))
    kafka = next((path.name for path in (pathlib.Path(os.environ["BENCH_KAFKA_JARS"])).glob("kafka_2.13-*.jar")),
                 "?") if "BENCH_KAFKA_JARS" in os.environ else "?"
    return {
        "cores": os.cpu_count(),
        "cpu": cpu[1] if cpu else platform.machine(),
        "memory": f"{int(memory[1]) / 1024 / 1024:.0f} GiB",
        "kernel": platform.release(),
        "PostgreSQL": world.server.sql("show server_version"),
        "Kafka": kafka.removeprefix("kafka_2.13-").removesuffix(".jar"),
        "librdkafka": first_line(["pkg-config", "--modversion", "rdkafka"]),
        "Java": first_line(["java", "-version"]),
        **describe_debezium(world.wants_debezium, os.environ),
        "commit": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }
