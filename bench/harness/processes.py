"""Processes: starting, ending, and what CPU and memory they take, from /proc."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from harness import stats

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.05


def _fields(pid):
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return text[text.rindex(")") + 2 :].split()


def cpu_seconds(pid):
    """User and system time of all threads of a process; 0 when it has ended."""
    try:
        fields = _fields(pid)
    except (OSError, ValueError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_seconds(pid):
    """The same with its children, those that live and those that it has waited for."""
    try:
        fields = _fields(pid)
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except (OSError, ValueError):
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / TICKS
    return own + sum(cpu_seconds(child) for child in children.split())


def peak_rss_mb(pid):
    """The most memory that it had, VmHWM."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) / 1024 if match else None


class Sampler:
    """Samples CPU times while a `with` block runs; the clock is the wall's, as the broker's is."""

    def __init__(self, sources):
        self._sources = sources  # name -> function that returns CPU seconds
        self._samples = {name: [] for name in sources}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._take()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._take()

    def _take(self):
        for name, source in self._sources.items():
            self._samples[name].append((time.time(), source()))

    def _run(self):
        while not self._stop.wait(SAMPLE_S):
            self._take()

    def between(self, begin, end):
        """CPU seconds by name between two moments."""
        return {
            name: max(0.0, stats.interpolate(samples, end) - stats.interpolate(samples, begin))
            for name, samples in self._samples.items()
        }


class Process:
    """A program of ours or a peer's, with its output in a log."""

    def __init__(self, command, log, environment=None, cwd=None, good_end=None, keep_output=True):
        """keep_output: standard output goes into the log as standard error does; else nowhere."""
        self._good_end = good_end  # 0 for what ends by itself
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output if keep_output else subprocess.DEVNULL, stderr=output,
                env={**os.environ, **(environment or {})}, cwd=cwd)
        self.pid = self._process.pid

    def check(self):
        """Raises when it has failed, or ended early."""
        if self._process.poll() not in (None, self._good_end):
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            raise RuntimeError(f"{self.log.stem} has ended (status {self._process.returncode}); its log:\n"
                               + "\n".join(tail))

    def wait_for_log(self, pattern, timeout=60):
        """The first match in what it has written."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            match = re.search(pattern, self.log.read_text(encoding="utf-8", errors="replace"))
            if match:
                return match
            self.check()
            time.sleep(0.02)
        raise RuntimeError(f"{self.log} has no {pattern!r} after {timeout} s")

    def stop(self, timeout=20):
        """SIGTERM, and SIGKILL when that does not do."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
