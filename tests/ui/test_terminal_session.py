"""The explorer in a real pseudo-terminal, with workers: it trains, it answers, it leaves nothing behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

ROOT = Path(__file__).parents[2]
HANGS = 60.0
"""Seconds after which something counts as never happening; torch alone may load for 20 s on a busy machine."""

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


class Terminal:
    """A 120x40 terminal with the explorer in it."""

    def __init__(self, folder: Path, *words: str, ignore_sighup: bool = False) -> None:
        environ = {
            **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_DATA_HOME": str(folder),
            "XDG_STATE_HOME": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        }  # fmt: skip
        for name in ("NO_COLOR", "LC_ALL"):
            environ.pop(name, None)
        self.screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self.screen)
        command = ["-m", "regtui", *words]

        def hear_hangups() -> None:
            """A suite that was started under nohup hands its deafness down."""
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignore_sighup else signal.SIG_DFL)

        self.child = pexpect.spawn(
            sys.executable, command, dimensions=(40, 120), env=environ, timeout=HANGS, preexec_fn=hear_hangups
        )
        self.modes = termios.tcgetattr(self.child.child_fd)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self) -> None:
        try:
            self._stream.feed(self.child.read_nonblocking(65536, timeout=0.1))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + HANGS
        while not condition():
            assert time.monotonic() < deadline, self.text
            self.read()

    def epoch(self) -> int:
        """The epoch that the header shows; 0 for none."""
        found = re.search(r"epoch (\d+)/", self.text)
        return int(found[1]) if found else 0

    def workers(self) -> list[int]:
        """Processes of this explorer's workers."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.child.pid:
                found.append(int(entry.name))
        return found

    def ends(self) -> int | None:
        """Its exit code, once it is gone."""
        self.until(lambda: not self.child.isalive())
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)


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


def gone(pids: list[int]) -> bool:
    """Whether none of them is more than a zombie that nobody has waited for yet."""
    return not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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
