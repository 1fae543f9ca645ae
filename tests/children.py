"""Processes that a test starts, and theirs."""

from __future__ import annotations

import signal
import subprocess


def hear() -> None:
    """Before a program is executed: a suite that was started with & in a script hands its deafness to Ctrl-C down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def children_of(pid: int) -> list[int]:
    """The processes that one has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]
