"""One curve of an arm's evaluations over all of its seeds, at a cost that does not grow with how long they train."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from regtui.events import Evaluated
from regtui.store import RunHistory
from regtui.store.slim import mean

MOST_POINTS = 500
"""Of a curve of evaluations: a chart of 200 columns has 400 dots side by side."""

Read = Callable[[Evaluated], float | None]
"""A number of an evaluation; a function that stays the same from one drawing to the next."""


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """A metric over epochs: mean, lowest and highest of all seeds that got that far."""

    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: int


Point = tuple[float, float, float, float]
"""Epoch, mean, lowest and highest; NaN but for the epoch where no number is finite."""


@dataclass(slots=True)
class _Parts:
    """What a run has of a metric, neighbours together: a part is reckoned once, when all of it is there."""

    source: list[Evaluated]
    """The evaluations themselves; a run that goes on from a checkpoint gets another list."""
    together: int
    """Evaluations a part."""
    columns: tuple[array[float], ...] = field(default_factory=lambda: tuple(array("d") for _ in range(4)))
    """A column for each number of a point."""

    @property
    def x(self) -> array[float]:
        return self.columns[0]

    def up_to(self, end: int, steps_per_epoch: int, read: Read) -> None:
        """Take in all whole parts before this place."""
        for first in range(len(self.x) * self.together, end - self.together + 1, self.together):
            point = _point(self.source[first : first + self.together], steps_per_epoch, read)
            for column, number in zip(self.columns, point, strict=True):
                column.append(number)


_known: WeakKeyDictionary[RunHistory, dict[Read, _Parts]] = WeakKeyDictionary()


def over_seeds(runs: Iterable[RunHistory], read: Read) -> OverSeeds:
    """One curve of an arm's evaluations; NaN and infinities of a single seed are left out of its mean.

    A chart has a hundred columns, a run may have thousands of evaluations: beyond `MOST_POINTS` neighbours are drawn
    together, all but the last one, mean, lowest and highest as over seeds.
    """
    runs = list(runs)
    last = max((len(run.evaluations) for run in runs), default=0) - 1
    parts = [_parts(run, read, last) for run in runs]
    longest = max((own.x for own in parts), key=len, default=array("d"))
    if all(own.x == longest[: len(own.x)] for own in parts):
        return _over([_points(run, own, last, read) for run, own in zip(runs, parts, strict=True)])
    # Seeds of a loop of one's own need not be evaluated after the same steps.
    every = _over([[_point([event], run.steps_per_epoch, read) for event in run.evaluations] for run in runs])
    return _thinned(every)


def _parts(run: RunHistory, read: Read, last: int) -> _Parts:
    """All whole parts of a run before the place of the last evaluation of any."""
    known = _known.setdefault(run, {})
    together = max(1, math.ceil(last / MOST_POINTS))
    parts = known.get(read)
    if parts is None or parts.source is not run.evaluations or parts.together != together:
        parts = known[read] = _Parts(run.evaluations, together)
    parts.up_to(min(last, len(run.evaluations)), run.steps_per_epoch, read)
    return parts


def _points(run: RunHistory, parts: _Parts, last: int, read: Read) -> list[Point]:
    """The whole parts of a run, what comes after them, and the last evaluation of all by itself."""
    rest = run.evaluations[len(parts.x) * parts.together : last]
    if len(run.evaluations) < last:
        rest = []  # a point of a part that is not whole would stand where no other seed has one
    ends = [_point(rows, run.steps_per_epoch, read) for rows in (rest, run.evaluations[last:]) if rows]
    return [*zip(*parts.columns, strict=True), *ends]


def _over(seeds: Sequence[Sequence[Point]]) -> OverSeeds:
    """Mean, lowest and highest of what has the same epoch."""
    finite = [[point for point in points if not math.isnan(point[2])] for points in seeds]
    found: dict[float, list[Point]] = {}
    for points in finite:
        for point in points:
            found.setdefault(point[0], []).append(point)
    rows = [found[x] for x in sorted(found)]
    return OverSeeds(
        [row[0][0] for row in rows],
        [row[0][1] if len(row) == 1 else mean([point[1] for point in row]) for row in rows],
        [min(point[2] for point in row) for row in rows],
        [max(point[3] for point in row) for row in rows],
        sum(map(bool, finite)),
    )


def _thinned(curve: OverSeeds) -> OverSeeds:
    """At most `MOST_POINTS` points and the last one."""
    together = max(1, math.ceil((len(curve.x) - 1) / MOST_POINTS))
    parts = [slice(first, min(first + together, len(curve.x) - 1)) for first in range(0, len(curve.x) - 1, together)]
    parts += [slice(len(curve.x) - 1, None)] if curve.x else []
    return OverSeeds(
        [curve.x[part][-1] for part in parts],
        [mean(curve.mean[part]) for part in parts],
        [min(curve.low[part]) for part in parts],
        [max(curve.high[part]) for part in parts],
        curve.seeds,
    )


def _point(rows: Sequence[Evaluated], steps_per_epoch: int, read: Read) -> Point:
    """Of neighbours, at the epoch of the last one: mean, lowest and highest of their finite numbers."""
    numbers = [value for row in rows if (value := read(row)) is not None and math.isfinite(value)]
    at = rows[-1].step / steps_per_epoch
    return (at, mean(numbers), min(numbers), max(numbers)) if numbers else (at, math.nan, math.nan, math.nan)
