"""Whether whoever writes a run is still there, from what the run directory says.

Three signs, the surest first: a lock on the log, which the system drops with its holder; the process on record, if it
is one of this machine; the time of that record, which its writer renews.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from regtui.scenario.errors import printable
from regtui.store.reading import ReadingError, open_regular

try:
    import fcntl

    HAS_LOCKS = True
except ImportError:  # Windows
    HAS_LOCKS = False

RECORD = "writer.json"
"""In the run directory while the run is open: the process that writes it."""
NO_SIGN = 60.0
"""Seconds without a renewal of the record after which a writer on another machine counts as gone."""
_SLACK = 2.0
"""Seconds by which clocks may differ: process start times are known to a hundredth, boot times to a second."""


class Writer(msgspec.Struct, frozen=True):
    """The process that writes a run."""

    pid: int
    host: str
    started: float
    """Unix time at which the process began: a younger one only inherited its number."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the writer is there."""

    state: Literal["there", "gone", "unknown"]
    """unknown: the directory does not say."""
    named: str = ""
    """" (process 123 on host)", for sentences."""


def presence_of(folder: Path) -> Presence:
    """Look for the writer of a run that has no end yet."""
    if _is_locked(folder / "events.jsonl"):
        return Presence("there")
    path = folder / RECORD
    try:
        with open_regular(path) as file:
            writer = msgspec.json.decode(file.read(4096), type=Writer)
            silence = time.time() - os.fstat(file.fileno()).st_mtime
    except (OSError, ValueError, ReadingError):
        return Presence("unknown")
    if not 0 < writer.pid < 2**31:
        return Presence("unknown")
    if writer.host != socket.gethostname():
        named = f" (process {writer.pid} on {printable(writer.host[:60])})"
        return Presence("there" if silence < NO_SIGN else "gone", named)
    return Presence("there" if _runs(writer.pid, writer.started) else "gone", f" (process {writer.pid})")


def _is_locked(path: Path) -> bool:
    if not HAS_LOCKS:
        return False
    try:
        with open_regular(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, ReadingError):
        return False
    return False


def _runs(pid: int, started: float) -> bool:
    """Whether that process, and not a later one of the same number, is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's, so it is there
    try:
        # man 5 proc_pid_stat: the state is field 3, the start field 22, in ticks since boot.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        since = int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, IndexError, ValueError):
        return True  # no /proc to look closer
    return fields[0] not in "ZX" and since <= started + _SLACK
