"""The explorer in a real pseudo-terminal, with workers: it trains, it answers, it leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from pty_terminal import HANGS, ROOT, Terminal, gone

LONG = """
title = "Long"
section = "overfitting"
question = "Does it train?"
[base]
data = { train = 200, validation = 50, test = 100 }
train = { epochs = 5000, batch_size = 20, evaluations = 100 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "plain"
"""
"""It lasts for minutes: nothing that is waited for can be over before it is seen."""

STUB = shlex.join([sys.executable, str(ROOT / "tests/runner/stub_worker.py"), "stays"])
"""A worker that is up at once, and that neither the end of its input nor SIGTERM ends."""

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Terminal]:
    """The explorer with a worker that trains."""
    scenario = tmp_path / "long.toml"
    scenario.write_text(LONG)
    opened = Terminal(tmp_path, str(scenario), "--workers", "1")
    yield opened
    opened.child.close(force=True)


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """The explorer with a stubborn worker."""
    ignore_sighup = getattr(request, "param", False)
    opened = Terminal(tmp_path, "overfitting/ladder", "--worker", STUB, ignore_sighup=ignore_sighup)
    yield opened
    opened.child.close(force=True)


def test_training_is_seen_and_quitting_leaves_nothing(training: Terminal) -> None:
    training.until(lambda: "Press space to run the arm" in training.text)
    training.until(lambda: "worker ready" in training.text)
    training.child.send(" ")
    training.until(lambda: "running" in training.text)

    def loss_cells() -> str:
        return "\n".join(row[83:] for row in training.screen.display[2:13])

    training.until(lambda: any(0x2801 <= ord(cell) <= 0x28FF for cell in loss_cells()))
    first, before = training.epoch(), loss_cells()
    training.until(lambda: training.epoch() > max(first, 1) and loss_cells() != before)
    workers = training.workers()
    assert workers
    training.child.send("q")
    assert training.ends() == 0
    training.until(lambda: gone(workers))
    training.read()
    assert termios.tcgetattr(training.child.child_fd)[:4] == training.modes[:4]
    assert pyte.modes.DECTCEM in training.screen.mode  # the cursor is back


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_go_it_goes(terminal: Terminal, signum: signal.Signals) -> None:
    terminal.until(lambda: "worker ready" in terminal.text)
    workers = terminal.workers()
    assert workers
    os.kill(terminal.child.pid, signum)
    assert terminal.ends() == 128 + signum
    terminal.until(lambda: gone(workers))


@pytest.mark.parametrize("terminal", [False, True], ids=["SIGHUP", "SIGHUP ignored"], indirect=True)
def test_a_lost_terminal_ends_it(terminal: Terminal) -> None:
    terminal.until(lambda: "worker ready" in terminal.text)
    workers = terminal.workers()
    assert workers
    terminal.child.ptyproc.fileobj.close()
    deadline = time.monotonic() + HANGS
    while not gone([terminal.child.pid, *workers]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
