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
        "Debezium": os.environ.get("BENCH_DEBEZIUM", "left out: it needs a newer Java under /usr/lib/jvm"),
        "its Java": first_line([os.environ.get("BENCH_JAVA", "java"), "-version"]),
        "commit": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }
