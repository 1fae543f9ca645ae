"""Steps become a few events a second, and no step is lost or told twice."""

from __future__ import annotations

import time
from collections.abc import Callable

from regtui.engine.metrics import MOST_BUCKETS, to_buckets
from regtui.events import RunEvent, Steps

INTERVAL = 0.25
"""Seconds between two events."""
BLOCK = 8
"""Steps at most between two looks at the clock, the mailbox and the metrics."""


class Reporter:
    """Gathers the metrics of finished steps and tells them when it is time.

    Below MOST_BUCKETS / INTERVAL = 128 steps a second every step has a bucket of its own.
    """

    def __init__(
        self,
        run: str,
        emit: Callable[[RunEvent], None],
        batch_size: int,
        *,
        step: int = 0,
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`step` and `seconds` are those already done, in a run that goes on from a checkpoint."""
        self.step = step
        """Steps told or about to be told."""
        self.seconds = seconds
        """Time spent in steps; pauses and evaluations excluded."""
        self._run = run
        self._emit = emit
        self._batch_size = batch_size
        self._clock = clock
        self._losses: list[float] = []
        self._accuracies: list[float] = []
        self._lr = 0.0
        self._told_at = clock()
        self._told_seconds = seconds

    def add(self, losses: list[float], accuracies: list[float], seconds: float, lr: float) -> None:
        """Steps that are done: their metrics, the time all of them took and the rate of the last one."""
        self._losses += losses
        self._accuracies += accuracies
        self.step += len(losses)
        self.seconds += seconds
        self._lr = lr

    def is_due(self) -> bool:
        """Whether it is time to tell what has gathered, or another block would force steps into one bucket."""
        elapsed, pending = self._clock() - self._told_at, len(self._losses)
        last_exact = pending + BLOCK > MOST_BUCKETS and pending < elapsed * MOST_BUCKETS / INTERVAL
        return elapsed >= INTERVAL or last_exact

    def tell(self) -> None:
        """Emit what has gathered, now."""
        self._told_at = self._clock()
        count = len(self._losses)
        if not count:
            return
        first = self.step - count + 1
        self._emit(
            Steps(
                run=self._run,
                loss=to_buckets(first, self._losses),
                accuracy=to_buckets(first, self._accuracies),
                step=self.step,
                seconds=round(self.seconds, 6),
                samples_per_s=round(count * self._batch_size / max(self.seconds - self._told_seconds, 1e-9), 1),
                lr=self._lr,
            )
        )
        self._losses, self._accuracies = [], []
        self._told_seconds = self.seconds
