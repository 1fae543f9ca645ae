"""Let the explorer train and draw for a long time, and see whether it grows or gets slower. Run by hand:

    python tests/faults/soak.py --minutes 60 --csv samples.csv

Memory is sampled every 10 s and key latency every 30 s, while somebody goes through charts, layers and panes, and opens
the help now and then. Prints a line a minute and a verdict: the median of the last sixth of the time against that of
the second sixth (the first one is for warming up). Exit code 1 where memory of the screen or of the worker grew by
more than 5 %, or where keys took twice as long.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ui"))

from pty_terminal import Terminal

SCENARIO = """
title = "Soak"
section = "overfitting"
question = "Does it last?"
seeds = 1
[base]
data = { train = 400, validation = 100, test = 200 }
train = { epochs = 100000, batch_size = 20, evaluations = 10000, probes = 10000, schedule = "constant" }
model = { name = "cnn", width = 2 }
[[arms]]
name = "norm and dropout"
add = [{ batchnorm = {} }, { dropout = { p = 0.1 } }]
[[arms]]
name = "plain"
remove = ["batchnorm", "dropout"]
"""
"""Arms that never end, with charts, norm statistics and probes that grow until their columns are full."""

GROWTH, SLOWER = 1.05, 2.0
SAMPLE, PRESS, HELP = 10.0, 30.0, 300.0
"""Seconds between two looks at memory, two measurements of latency, and two looks into the help and the other theme."""

ROUNDS = ("ilvivlivvi", "1.4.3.5.l.", "tvdviu.B.v", "ivlLlvivli")
"""Keys pressed in turn, one a second: looks, layers, statistics, single charts, panes and rows. Each round ends where
it began; `.` stands for escape, `t` and `u` for the pane after and before, `d` and `B` for the row below and above."""

SENT = {".": "\x1b", "t": "\t", "u": "\x1b[Z", "d": "\x1b[B", "B": "\x1b[A"}


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured at one time. Memory is that of the largest worker."""

    seconds: float
    screen_bytes: int
    screen_own_bytes: int
    """Without pages that come from files: what was allocated."""
    worker_bytes: int
    worker_own_bytes: int
    screen_cpu_s: float
    """CPU time of the screen's process since it began."""
    epoch: int
    key_ms: float | None
    """Milliseconds from a key to its picture; None where only memory was looked at."""


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, all and those that no file backs."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return 1024 * int(lines["VmRSS"].split()[0]), 1024 * int(lines["RssAnon"].split()[0])


def cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Soak:
    """One explorer in a terminal of its own."""

    def __init__(self, folder: Path, workers: int) -> None:
        scenario = folder / "soak.toml"
        scenario.write_text(SCENARIO)
        self.terminal = Terminal(folder, str(scenario), "--workers", str(workers))
        self._rounds = 0

    def begin(self) -> None:
        self.terminal.until(lambda: "Press space to run" in self.terminal.text)
        self.terminal.until(lambda: "worker ready" in self.terminal.text)
        self.terminal.child.send(" ")
        self.terminal.until(lambda: self.terminal.epoch() > 0)

    def use(self) -> None:
        """Press the keys of a round, one a second."""
        for key in ROUNDS[self._rounds % len(ROUNDS)]:
            self.terminal.child.send(SENT.get(key, key))
            pause = time.monotonic() + SAMPLE / len(ROUNDS[0])
            while time.monotonic() < pause:
                self.terminal.read()
        self._rounds += 1
        self.terminal.written = b""

    def look_around(self) -> None:
        """The help, closed again, and the other theme and back."""
        self.terminal.child.send("?")
        self.terminal.until(lambda: "Run what is missing" in self.terminal.text)
        self.terminal.child.send("\x1b")
        self.terminal.until(lambda: "Run what is missing" not in self.terminal.text)
        self.terminal.child.send("dd")

    def latency(self) -> float:
        """Milliseconds from a key until the loss alone is shown, large; the median of five."""
        found = []
        for _ in range(5):
            self.terminal.child.send("2")
            pressed = time.monotonic()
            self.terminal.until(lambda: "Accuracy" not in self.terminal.text)
            found.append(1000 * (time.monotonic() - pressed))
            self.terminal.child.send("2")
            self.terminal.until(lambda: "Accuracy" in self.terminal.text)
        return statistics.median(found)

    def sample(self, seconds: float, key_ms: float | None) -> Sample:
        workers = max((memory(pid) for pid in self.terminal.workers()), default=(0, 0))
        screen = self.terminal.child.pid
        return Sample(seconds, *memory(screen), *workers, cpu_seconds(screen), self.terminal.epoch(), key_ms)


def growth(samples: list[Sample], column: str, seconds: float) -> float:
    """Median of the last sixth of the time, as a share of the median of the second sixth."""

    def median(first: float, last: float) -> float:
        taken = [getattr(s, column) for s in samples if first * seconds <= s.seconds <= last * seconds]
        return statistics.median(value for value in taken if value is not None)

    return median(5 / 6, 1.1) / median(1 / 6, 2 / 6)


def slope(samples: list[Sample], column: str, seconds: float) -> float:
    """Least squares over all but the first sixth, in units of the column an hour."""
    settled = [s for s in samples if s.seconds >= seconds / 6 and getattr(s, column) is not None]
    return 3600 * statistics.linear_regression([s.seconds for s in settled], [getattr(s, column) for s in settled])[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--csv", type=Path, default=Path(os.devnull))
    arguments = parser.parse_args()
    seconds, samples = 60 * arguments.minutes, list[Sample]()
    with tempfile.TemporaryDirectory() as folder, arguments.csv.open("w", newline="") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Sample)])
        table.writeheader()
        soak = Soak(Path(folder), arguments.workers)
        soak.begin()
        began = time.monotonic()
        due = {"press": 0.0, "help": HELP, "line": 0.0}
        while (now := time.monotonic() - began) < seconds:
            key_ms = None
            if now >= due["help"]:
                due["help"] += HELP
                soak.look_around()
            if now >= due["press"]:
                due["press"] = now + PRESS
                key_ms = soak.latency()
            samples.append(sample := soak.sample(now, key_ms))
            table.writerow(asdict(sample))
            file.flush()
            if key_ms is not None and now >= due["line"]:
                due["line"] = now + 60
                print(f"{now / 60:6.1f} min  screen {sample.screen_bytes / 2**20:6.1f} MiB  "
                      f"worker {sample.worker_bytes / 2**20:6.1f} MiB  key {key_ms:5.0f} ms  "
                      f"epoch {sample.epoch}", flush=True)  # fmt: skip
            soak.use()
        soak.terminal.child.send("q")
        soak.terminal.ends()
    columns = ("screen_bytes", "screen_own_bytes", "worker_bytes", "worker_own_bytes", "key_ms")
    found = {column: growth(samples, column, seconds) for column in columns}
    for column, ratio in found.items():
        print(f"{column:16} {ratio:6.3f} times, {slope(samples, column, seconds):+.4g} an hour")
    return int(max(found["screen_bytes"], found["worker_bytes"]) > GROWTH or found["key_ms"] > SLOWER)


if __name__ == "__main__":
    sys.exit(main())
