"""writer.json of a run directory: which process writes the run, so that others can tell a slow run from a dead one.

It is there while the run is open and goes when it is closed. Its content never changes; its time of modification is a
heartbeat, renewed every `BEAT` seconds, also while the run is paused and says nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from regtui.files import decoded, open_file

FILE = "writer.json"
STOP = "stop"
"""A file whose presence asks the writer to stop the run."""
BEAT = 5.0
"""Seconds between two heartbeats."""
LISTEN = 1.0
"""Seconds between two looks for such a file."""


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """The process that records a run: the explorer or `regtui run`, not the worker that trains."""

    pid: int
    host: str
    started: float
    """Start of the process, seconds since 1970; tells it from a later one with its number."""


def this_process() -> Writer:
    """The process that asks."""
    return Writer(pid=os.getpid(), host=socket.gethostname(), started=started_at(os.getpid()) or time.time())


def read_writer(folder: Path) -> Writer | None:
    """Who writes the run of a directory, or wrote it when it died; None for a run that was closed."""
    try:
        with open_file(folder / FILE) as file:
            return decoded(file.read(4096), Writer)
    except (OSError, msgspec.DecodeError):
        return None


def ask_to_stop(folder: Path) -> None:
    """Ask the writer of a run to end it; it answers by closing the run. Raises OSError."""
    (folder / STOP).touch()


class Heartbeat:
    """Writes writer.json of the runs that this process records, and renews its time until they are closed."""

    def __init__(self) -> None:
        self._on_stop: Callable[[str], object] = lambda _: None
        self._folders: dict[str, Path] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def obey(self, stop: Callable[[list[str]], object]) -> None:
        """Have `stop` called, on the event loop that runs now, with the runs that others ask to end."""
        loop = asyncio.get_running_loop()
        self.when_asked(lambda run: loop.call_soon_threadsafe(stop, [run]))

    def when_asked(self, stop: Callable[[str], object]) -> None:
        """Have `stop` called, on a thread of ours, with a run that others ask to end."""
        self._on_stop = stop

    def begin(self, run: str, folder: Path) -> None:
        """Raises OSError where the file cannot be written."""
        temporary = folder / f"{FILE}.tmp"
        temporary.write_bytes(msgspec.json.encode(this_process()))
        temporary.replace(folder / FILE)
        self._folders[run] = folder
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._beat, args=(self._stopped,), name="heartbeat", daemon=True)
            self._thread.start()

    def end(self, run: str) -> None:
        """The run is closed; with the last one the beating stops."""
        folder = self._folders.pop(run, None)
        if folder is not None:
            try:
                (folder / FILE).unlink(missing_ok=True)
            except OSError:
                pass  # a read-only disk: the heartbeat stops, and the process ends some day
        if not self._folders and self._thread is not None:
            self._stopped.set()
            self._stopped, self._thread = threading.Event(), None

    def _beat(self, stopped: threading.Event) -> None:
        beat = 0.0
        while not stopped.wait(min(LISTEN, BEAT)):
            is_due = time.monotonic() - beat >= BEAT
            beat = time.monotonic() if is_due else beat
            for run, folder in list(self._folders.items()):
                try:
                    if is_due:
                        os.utime(folder / FILE)
                    if (folder / STOP).exists():
                        (folder / STOP).unlink()
                        self._on_stop(run)
                except (OSError, RuntimeError):
                    pass  # the directory was taken away, or the loop has ended: the recorder will find out


def started_at(pid: int) -> float | None:
    """When a process of this machine started, seconds since 1970; None where the system does not tell (no /proc)."""
    try:
        # man 5 proc_pid_stat: field 22, in ticks since boot; the second field is in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
        return int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, IndexError, ValueError):
        return None
