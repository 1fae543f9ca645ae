"""The explorer in a real pseudo-terminal, with a real worker: it trains, it answers, it leaves nothing behind."""

from __future__ import annotations

import os
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
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


class Terminal:
    """A 120x40 terminal with the explorer in it."""

    def __init__(self, folder: Path, *, ignore_sighup: bool = False) -> None:
        environ = {
            **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_DATA_HOME": str(folder),
            "XDG_STATE_HOME": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        }  # fmt: skip
        for name in ("NO_COLOR", "LC_ALL"):
            environ.pop(name, None)
        self.screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self.screen)
        command = ["-m", "regtui", "overfitting/ladder"]
        self.child = pexpect.spawn(
            sys.executable, command, dimensions=(40, 120), env=environ, timeout=5, ignore_sighup=ignore_sighup
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

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.text
            self.read()

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

    def ends(self, seconds: float = 10) -> int | None:
        """Its exit code, once it is gone."""
        self.until(lambda: not self.child.isalive(), seconds)
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    opened = Terminal(tmp_path, ignore_sighup=getattr(request, "param", False))
    yield opened
    opened.child.close(force=True)


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_training_is_seen_and_quitting_leaves_nothing(terminal: Terminal) -> None:
    terminal.until(lambda: "Press space to run the 4 arms" in terminal.text)
    terminal.until(lambda: "worker ready" in terminal.text)
    terminal.child.send(" ")
    terminal.until(lambda: "epoch" in terminal.text and "running" in terminal.text)

    def loss_cells() -> str:
        return "\n".join(row[83:] for row in terminal.screen.display[2:13])

    before = loss_cells()
    terminal.until(lambda: loss_cells() != before and any(0x2801 <= ord(cell) <= 0x28FF for cell in loss_cells()))
    terminal.until(lambda: "epoch 2/40" in terminal.text or "epoch 3/40" in terminal.text)
    workers = terminal.workers()
    assert workers
    terminal.child.send("q")
    assert terminal.ends() == 0
    terminal.until(lambda: gone(workers), 5)
    terminal.read()
    assert termios.tcgetattr(terminal.child.child_fd)[:4] == terminal.modes[:4]
    assert pyte.modes.DECTCEM in terminal.screen.mode  # the cursor is back


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_go_it_goes(terminal: Terminal, signum: signal.Signals) -> None:
    terminal.until(lambda: "worker ready" in terminal.text)
    workers = terminal.workers()
    os.kill(terminal.child.pid, signum)
    assert terminal.ends(5) == 128 + signum
    terminal.until(lambda: gone(workers), 5)


@pytest.mark.parametrize("terminal", [False, True], ids=["SIGHUP", "SIGHUP ignored"], indirect=True)
def test_a_lost_terminal_ends_it(terminal: Terminal) -> None:
    terminal.until(lambda: "worker ready" in terminal.text)
    workers = [terminal.child.pid, *terminal.workers()]
    terminal.child.ptyproc.fileobj.close()
    deadline = time.monotonic() + 5
    while not gone(workers[1:]) or _runs(workers[0]):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    """Whether it is more than a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
