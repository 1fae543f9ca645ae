"""The course of a metric over an arm's seeds: mean, band and the exact points, by step, epoch or time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from regtui.compare.smoothing import smoothed
from regtui.events import Evaluated
from regtui.store.columns import Column
from regtui.store.history import RunHistory
from regtui.store.moment import seconds_at

Axis = Literal["epoch", "step", "time"]
AXES: tuple[Axis, ...] = ("epoch", "step", "time")

BINS = 400
"""Points of a curve of training batches at most: seeds can only be averaged where they have points in common."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that has a course."""

    name: str
    unit: str
    """percent, points or nats."""
    read: Callable[[Evaluated], float | None] | None = None
    """Of an evaluation; None for what the training batches report."""
    column: Callable[[RunHistory], Column] | None = None


METRICS: tuple[Metric, ...] = (
    Metric("test accuracy", "percent", lambda e: e.test.accuracy if e.test else None),
    Metric("validation accuracy", "percent", lambda e: e.validation.accuracy if e.validation else None),
    Metric("gap", "points", lambda e: e.gap),
    Metric("clean train accuracy", "percent", lambda e: e.train.accuracy),
    Metric("test loss", "nats", lambda e: e.test.loss if e.test else None),
    Metric("validation loss", "nats", lambda e: e.validation.loss if e.validation else None),
    Metric("clean train loss", "nats", lambda e: e.train.loss),
    Metric("batch loss", "nats", column=lambda run: run.loss),
    Metric("batch accuracy", "percent", column=lambda run: run.batch_accuracy),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One arm's line; all sequences are of one length, `x` ascending."""

    x: Sequence[float] = ()
    mean: Sequence[float] = ()
    """Smoothed; NaN where no seed has a finite value."""
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    """The lowest and the highest seed, smoothed."""
    raw: Sequence[float] = ()
    """The mean as it was measured."""
    seeds: int = 0

    def at(self, x: float) -> tuple[float, float] | None:
        """The last measured point up to `x`, as it is: (x, value); None before the first."""
        i = bisect_right(self.x, x) - 1
        while i >= 0 and not math.isfinite(self.raw[i]):
            i -= 1
        return (self.x[i], self.raw[i]) if i >= 0 else None


@dataclass
class _Place:
    """What the seeds have at one place of the x axis."""

    x: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)


def curve_of(runs: Sequence[RunHistory], metric: Metric, axis: Axis = "epoch", smoothing: float = 0.0) -> Curve:
    """The curve of an arm's runs; a seed's NaN and infinities are left out of means.

    By time: seeds are still averaged at equal steps, and stand at the mean of the seconds that they took.
    """
    places: dict[float, _Place] = {}
    seeds = 0
    for run in runs:
        points = _points(run, metric)
        seeds += bool(points)
        smooth = smoothed([value for _, value in points], smoothing)
        for (step, value), average in zip(points, smooth, strict=True):
            place = places.setdefault(step, _Place())
            place.x.append(_x(run, step, axis))
            place.raw.append(value)
            place.smooth.append(average)
    rows = sorted(((_mean(place.x), place) for place in places.values()), key=lambda row: row[0])
    return Curve(
        x=[x for x, _ in rows],
        mean=[_mean(place.smooth) for _, place in rows],
        low=[min(_finite(place.smooth), default=math.nan) for _, place in rows],
        high=[max(_finite(place.smooth), default=math.nan) for _, place in rows],
        raw=[_mean(place.raw) for _, place in rows],
        seeds=seeds,
    )


def _points(run: RunHistory, metric: Metric) -> list[tuple[float, float]]:
    """(step, value) in the order of the steps."""
    if metric.column is not None:
        return _binned(metric.column(run), max(1.0, run.total_steps / BINS))
    read = metric.read
    assert read is not None
    found = [(float(event.step), read(event)) for event in run.evaluations]
    return [(step, value) for step, value in found if value is not None]


def _binned(column: Column, span: float) -> list[tuple[float, float]]:
    """Exact means of equal stretches of steps; NaN where one of their steps was."""
    sums: dict[int, tuple[float, int]] = {}
    for bucket in column:
        at = int((bucket.first - 1 + bucket.count / 2) / span)
        total, count = sums.get(at, (0.0, 0))
        sums[at] = total + bucket.mean * bucket.count, count + bucket.count
    return [((at + 0.5) * span, total / count) for at, (total, count) in sums.items()]


def _x(run: RunHistory, step: float, axis: Axis) -> float:
    match axis:
        case "step":
            return step
        case "epoch":
            return step / run.steps_per_epoch
        case "time":
            return seconds_at(run, step)


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _mean(values: Sequence[float]) -> float:
    finite = _finite(values)
    return math.fsum(finite) / len(finite) if finite else math.nan
