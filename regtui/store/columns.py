"""A metric over the whole run in bounded memory.

When a column is full, neighbours are merged in pairs: mean, smallest and largest value survive, so a spike of one step
is still there after a million steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from regtui.events import Bucket


class Column:
    """Points (step, mean, low, high) in the order of the steps; never more than `capacity` of them."""

    __slots__ = ("capacity", "counts", "highs", "lows", "means", "span", "steps")

    def __init__(self, capacity: int = 2048) -> None:
        if capacity < 2:
            raise ValueError(f"capacity is {capacity}; allowed is at least 2")
        self.capacity = capacity
        self.span = 1
        """Steps that a new point may cover before another one begins."""
        self.steps: list[int] = []
        """First step of each point."""
        self.counts: list[int] = []
        self.means: list[float] = []
        self.lows: list[float] = []
        self.highs: list[float] = []

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Bucket]:
        for row in zip(self.steps, self.counts, self.means, self.lows, self.highs, strict=True):
            yield Bucket(*row)

    def add(self, bucket: Bucket) -> None:
        """Append a bucket; its steps follow those already there. One of no step, from a damaged record, is left out."""
        if bucket.count < 1:
            return
        if self.steps and self.counts[-1] + bucket.count <= self.span:
            self._merge_into_last(bucket)
            return
        self._append(bucket)
        while len(self.steps) > self.capacity:
            self._halve()

    def take_back(self, step: int) -> None:
        """Forget every point that covers something after a step."""
        while self.steps and self.steps[-1] + self.counts[-1] - 1 > step:
            for values in (self.steps, self.counts, self.means, self.lows, self.highs):
                values.pop()

    def _append(self, bucket: Bucket) -> None:
        self.steps.append(bucket.first)
        self.counts.append(bucket.count)
        self.means.append(bucket.mean)
        self.lows.append(bucket.low)
        self.highs.append(bucket.high)

    def _merge_into_last(self, bucket: Bucket) -> None:
        count = self.counts[-1]
        self.means[-1] = _mean(self.means[-1], count, bucket.mean, bucket.count)
        self.lows[-1] = _low(self.lows[-1], bucket.low)
        self.highs[-1] = _high(self.highs[-1], bucket.high)
        self.counts[-1] = count + bucket.count

    def _halve(self) -> None:
        old = list(self)
        for values in (self.steps, self.counts, self.means, self.lows, self.highs):
            values.clear()
        self.span *= 2
        for bucket in old:
            if self.steps and self.counts[-1] + bucket.count <= self.span:
                self._merge_into_last(bucket)
            else:
                self._append(bucket)


def _mean(a: float, count_a: int, b: float, count_b: int) -> float:
    return a + (b - a) * count_b / (count_a + count_b) if math.isfinite(b - a) else a + b


# A NaN in a bucket must stay visible as a gap, but must not swallow the finite extremes beside it.
def _low(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else min(a, b)


def _high(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else max(a, b)
