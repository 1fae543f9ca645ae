"""A real pseudo-terminal with a program in it: what it shows, which workers it has, what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
HANGS = 300.0 if os.environ.get("REGTUI_FAULTS") == "full" else 60.0
"""Seconds after which something counts as never happening; torch alone may load for 20 s on a busy machine."""

EMPTY: Mapping[str, str | None] = {}


class Terminal:
    """A 120x40 terminal with the explorer in it.

    environ  laid over the one that a modern terminal gives; a value of None takes the variable away
    """

    def __init__(
        self, folder: Path, *words: str, ignore_sighup: bool = False, environ: Mapping[str, str | None] = EMPTY
    ) -> None:
        inherited = {
            **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_DATA_HOME": str(folder),
            "XDG_STATE_HOME": str(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        }  # fmt: skip
        for name in ("NO_COLOR", "LC_ALL"):
            inherited.pop(name, None)
        for name, value in environ.items():
            if value is None:
                inherited.pop(name, None)
            else:
                inherited[name] = value
        self.written = b""
        """Everything that came out so far."""
        self.screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self.screen)
        command = ["-m", "regtui", *words]

        def hear() -> None:
            """A suite that was started under nohup, or with & in a script, hands its deafness down."""
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignore_sighup else signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        self.child = pexpect.spawn(
            sys.executable, command, dimensions=(40, 120), env=inherited, timeout=HANGS, preexec_fn=hear
        )
        self.modes = termios.tcgetattr(self.child.child_fd)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self) -> None:
        try:
            written = self.child.read_nonblocking(65536, timeout=0.1)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.written += written
        self._stream.feed(written)

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
        before = -1
        while len(self.written) != before:  # what it said last may take several looks
            before = len(self.written)
            self.read()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)


def gone(pids: list[int]) -> bool:
    """Whether none of them is more than a zombie that nobody has waited for yet."""
    return not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
