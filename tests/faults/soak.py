"""Let the explorer train and draw for a long time, and see whether it grows or gets slower. Run by hand:

    python tests/faults/soak.py --minutes 60

Prints a line a minute and a verdict; exit code 1 where memory of the screen or of a worker grew by more than 5 % after
the first tenth of the time, or where keys were answered half as fast at the end as at the beginning.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ui"))

from pty_terminal import Terminal

from regtui.machine import resident

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
name = "plain"
[[arms]]
name = "+ norm"
add = [{ batchnorm = {} }, { dropout = { p = 0.1 } }]
"""
"""Two arms that never end, with charts, norm statistics and probes that grow until their columns are full."""

GROWTH, SLOWER = 1.05, 2.0


class Soak:
    """One explorer and what was measured of it: seconds, bytes of screen and of the largest worker, key latency."""

    def __init__(self, folder: Path, workers: int) -> None:
        scenario = folder / "soak.toml"
        scenario.write_text(SCENARIO)
        self.terminal = Terminal(folder, str(scenario), "--workers", str(workers))
        self.rows: list[tuple[float, int, int, float]] = []

    def begin(self) -> None:
        self.terminal.until(lambda: "Press space to run" in self.terminal.text)
        self.terminal.until(lambda: "worker ready" in self.terminal.text)
        self.terminal.child.send(" ")
        self.terminal.until(lambda: self.terminal.epoch() > 0)

    def look(self, seconds: float) -> None:
        """Watch for so long, changing what is shown now and then, and measure once."""
        end = time.monotonic() + seconds
        keys = iter("ilvivlivvild" * 100)
        while time.monotonic() < end:
            self.terminal.child.send(next(keys))
            pause = time.monotonic() + 1.0
            while time.monotonic() < pause:
                self.terminal.read()
        workers = [resident(pid) for pid in self.terminal.workers()]
        self.rows.append((time.monotonic(), resident(self.terminal.child.pid), max(workers), self.latency()))

    def latency(self) -> float:
        """Seconds from a key until the loss alone is shown, large; the median of five.

        No dialog is opened: Textual keeps what up to 1,024 widgets that are gone looked like, some 20 MiB.
        """
        found = []
        for _ in range(5):
            self.terminal.child.send("2")
            pressed = time.monotonic()
            self.terminal.until(lambda: "Accuracy" not in self.terminal.text)
            found.append(time.monotonic() - pressed)
            self.terminal.child.send("2")
            self.terminal.until(lambda: "Accuracy" in self.terminal.text)
        return statistics.median(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    seconds = 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), arguments.workers)
        soak.begin()
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            soak.look(min(60.0, seconds / 20))
            at, screen, worker, latency = soak.rows[-1]
            print(f"{(at - began) / 60:6.1f} min  screen {screen / 2**20:6.1f} MiB  worker {worker / 2**20:6.1f} MiB  "
                  f"key {1000 * latency:5.0f} ms  epoch {soak.terminal.epoch()}", flush=True)  # fmt: skip
        soak.terminal.child.send("q")
        soak.terminal.ends()
    settled = [row for row in soak.rows if row[0] - began >= seconds / 10]
    first, last = settled[: max(len(settled) // 4, 1)], settled[-max(len(settled) // 4, 1) :]

    def ratio(column: int) -> float:
        return statistics.median(r[column] for r in last) / statistics.median(r[column] for r in first)

    print(f"growth: screen {ratio(1):.3f}, worker {ratio(2):.3f}; keys {ratio(3):.2f}")
    return int(max(ratio(1), ratio(2)) > GROWTH or ratio(3) > SLOWER)


if __name__ == "__main__":
    sys.exit(main())
