"""Whether somebody else works on this machine meanwhile: timings then say less, and the benchmark says so."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from regtui import machine

REST = 0.5
"""Seconds in which nothing of the benchmark runs, to see who else does."""
OTHERS, STOLEN = 0.1, 0.02
"""Parts of the cores above which a warning is due."""
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Times:
    """CPU seconds since the machine started, summed over all its cores (proc_stat(5))."""

    at: float
    """When they were read."""
    busy: float
    """In which a core worked for somebody here."""
    stolen: float
    """In which a core of this virtual machine had work and the machine below it worked for others."""


class Disturbance(msgspec.Struct, frozen=True):
    """What others did meanwhile, as parts of all cores; None where the system does not tell."""

    others: float | None
    """Worked for other programs of this machine while the benchmark rested."""
    stolen: float | None
    """Held back by the machine below, over the whole benchmark."""

    @property
    def warning(self) -> str:
        """A sentence, "" where this machine was quiet."""
        parts = []
        if self.others is not None and self.others > OTHERS:
            parts.append(f"other programs kept {100 * self.others:.0f} % of its cores busy")
        if self.stolen is not None and self.stolen > STOLEN:
            parts.append(f"the machine below it withheld {100 * self.stolen:.0f} % of the time of its cores")
        if not parts:
            return ""
        return f"This machine was not quiet: {' and '.join(parts)}. Trust intervals and CPU times, or measure again."


class Quiet:
    """Listens from its making on."""

    def __init__(self, stat: Path = _STAT) -> None:
        self._stat, self._cores = stat, os.cpu_count() or machine.cores()
        self._began = read(stat)
        self._others: list[float] = []

    async def rest(self, seconds: float = REST) -> None:
        """Do nothing, and see whether a core works. To be called where nothing of the benchmark does."""
        before = read(self._stat)
        if before is None:
            return
        await asyncio.sleep(seconds)
        after = read(self._stat)
        if after is not None:
            self._others.append((after.busy - before.busy) / (after.at - before.at) / self._cores)

    def disturbance(self) -> Disturbance:
        """What has been heard so far."""
        now, stolen = read(self._stat), None
        if self._began is not None and now is not None and now.at > self._began.at:
            stolen = round((now.stolen - self._began.stolen) / (now.at - self._began.at) / self._cores, 4)
        return Disturbance(round(statistics.mean(self._others), 3) if self._others else None, stolen)


def read(stat: Path = _STAT) -> Times | None:
    """The machine's times; None where the system does not tell."""
    try:
        first = stat.read_text(encoding="ascii").split("\n", 1)[0].split()
        user, nice, system, _, _, irq, softirq, stolen = (int(ticks) for ticks in first[1:9])
        second = os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError):
        return None
    return Times(time.monotonic(), (user + nice + system + irq + softirq) / second, stolen / second)
