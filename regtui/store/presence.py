"""Whether whoever writes a run is still there, from what the run directory says: the one place that judges it.

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

from regtui.scenario.errors import printable
from regtui.store.lock import is_held
from regtui.store.writer import FILE, Writer, read_writer, started_at

NO_SIGN = 60.0
"""Seconds without a renewal of the record after which a writer on another machine counts as gone: a network disk may
show the times of its files that late (man 5 nfs, acregmax)."""
_SLACK = 2.0
"""Seconds by which clocks may differ: process start times are known to a hundredth, boot times to a second."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the writer is there."""

    state: Literal["there", "gone", "unknown"]
    """unknown: the directory does not say."""
    named: str = ""
    """" (process 123 on host)", for sentences."""


def presence_of(folder: Path) -> Presence:
    """Look for the writer of a run that has no end yet."""
    if is_held(folder):
        return Presence("there")
    writer = read_writer(folder)
    if writer is None or not 0 < writer.pid < 2**31:
        return Presence("unknown")
    if writer.host != socket.gethostname():
        named = f" (process {writer.pid} on {printable(writer.host[:60])})"
        return Presence("there" if _silence(folder) < NO_SIGN else "gone", named)
    return Presence("there" if is_alive(writer) else "gone", f" (process {writer.pid})")


def is_being_written(folder: Path) -> bool:
    """Whether the writer of a run without an end is there; one of which nothing is known is not."""
    return presence_of(folder).state == "there"


def is_alive(writer: Writer) -> bool:
    """Whether a process of this machine is the one that wrote, and no later one with its number."""
    try:
        os.kill(writer.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's, so it is there
    started = started_at(writer.pid)
    return started is None or started <= writer.started + _SLACK


def _silence(folder: Path) -> float:
    """Seconds since the record was renewed."""
    try:
        return time.time() - (folder / FILE).stat().st_mtime
    except OSError:
        return 0.0  # it was closed just now
