"""Short slices in turns, and what a ratio of theirs is worth.

A machine that others work on drifts by a fifth within seconds, so two ways of training are compared slice by slice with
their neighbours in time, and the ratio is the median over all such neighbours.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from regtui import machine
from regtui.bench.protocol import Spent

Slice = Callable[[], Awaitable[Spent]]
Turn = Mapping[str, Spent]
"""A slice of each way, one right after the other."""
CONFIDENCE = 0.95


async def in_turns(ways: Mapping[str, Slice], turns: int) -> list[Turn]:
    """So many turns: A B C, C B A, A B C ..., so that none always follows the same and a drift falls on all alike."""
    found: list[Turn] = []
    for number in range(turns):
        names = list(ways) if number % 2 == 0 else list(ways)[::-1]
        found.append({name: await ways[name]() for name in names})
    return found


def wall_ratio(turn: Turn, above: str, below: str) -> float:
    """Seconds a step in one way over those in another."""
    return (turn[above].wall / turn[above].steps) / (turn[below].wall / turn[below].steps)


def cpu_ratio(turn: Turn, above: str, below: str) -> float | None:
    """The same in CPU time; None where the system does not tell, or where its clock did not advance."""
    over, under = turn[above], turn[below]
    return (over.cpu / over.steps) / (under.cpu / under.steps) if over.cpu and under.cpu else None


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median lies that many more values would have, with a confidence of 95 %.

    The interval of the sign test: each value lies below that median with a chance of one half, so it is between two of
    the sorted values by the binomial distribution, whatever theirs is (Conover 1999, section 3.2). Five values and
    fewer do not suffice for 95 %: they give their whole range.
    """
    ordered, count = sorted(values), len(values)
    cut, tail = 0, 2.0 ** (1 - count)  # chance that the median lies outside of all
    while cut + 1 < count / 2 and (more := tail + 2.0 ** (1 - count) * math.comb(count, cut + 1)) <= 1 - CONFIDENCE:
        cut, tail = cut + 1, more
    return ordered[cut], ordered[count - 1 - cut]


def summary(values: Sequence[float]) -> tuple[float, list[float]]:
    """Median and interval, rounded to what they are worth."""
    return round(statistics.median(values), 3), [round(edge, 3) for edge in median_interval(values)]


class Watch:
    """What this process and some others spend from now on."""

    def __init__(self, pids: Sequence[int] = (), *, this: bool = True) -> None:
        """`pids` are the other processes; without `this`, only theirs is CPU time that counts."""
        self._pids, self._this = pids, this
        self._cpu, self._began = self._used(), time.perf_counter()

    def spent(self, steps: int) -> Spent:
        """Since the watch was made."""
        wall, cpu = time.perf_counter() - self._began, self._used()
        return Spent(steps, wall, None if cpu is None or self._cpu is None else cpu - self._cpu)

    def _used(self) -> float | None:
        known = [time.process_time()] if self._this else []
        for pid in self._pids:
            seconds = machine.cpu_seconds(pid)
            if seconds is None:
                return None
            known.append(seconds)
        return sum(known)
