"""Workers that need not load torch: a server that has loaded it once forks them.

Each is a process of its own that begins at the worker's entry, with its own pipes, signals and exit code. What it does
not show is that an interpreter can be started as a worker, which every test that starts an explorer or a run shows.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import BinaryIO

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["regtui.engine.serve"])


class ForkedWorker:
    """What `subprocess.Popen` would give for `python -m regtui worker`, or for `python -c CODE` that ends as one."""

    def __init__(self, *arguments: str, code: str = "") -> None:
        theirs: list[int] = []
        pipes: list[BinaryIO] = []
        for number in range(3):
            read, write = os.pipe()
            theirs.append(write if number else read)
            pipes.append(os.fdopen(read, "rb") if number else os.fdopen(write, "wb"))
        self.stdin, self.stdout, self.stderr = pipes
        ends = [Connection(fd, readable=number == 0, writable=number != 0) for number, fd in enumerate(theirs)]
        self._process = _SERVER.Process(target=_begin, args=(ends, arguments, code, dict(os.environ)), daemon=True)
        self._process.start()
        for end in ends:
            end.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, minus the signal for one that a signal ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked worker", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _begin(ends: list[Connection], arguments: tuple[str, ...], code: str, environ: Mapping[str, str]) -> None:
    """What the new process does. A suite that was started under nohup hands its deafness down."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    os.environ.update(environ)
    if code:
        sys.argv = ["-c", *arguments]
        exec(code, {"__name__": "__main__"})
        return
    from regtui.worker import main

    sys.exit(main(arguments))
