"""What looking may cost: a share of the time that training takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INSIDE = 0.5
"""Of the share, what looks inside may take: the rest is left for evaluations, which are dearer and would never come."""
UNSEEN = 1.25
"""What a hook takes for each second between its first line and its last: calling it, and the caches that it empties.
Steps with and without a look then differ by what is counted, to a tenth, in a small CNN and a small transformer."""


class Budget:
    """Counts the seconds spent on looking and says whether more would exceed the share.

    share  of the training's own time, >= 0; at most that is spent in the long run
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.share, self.spent, self.inside = share, 0.0, 0.0
        self._clock, self._began = clock, clock()

    def begin(self) -> None:
        """The training begins now; what came before was setting up."""
        self._began, self.spent, self.inside = self._clock(), 0.0, 0.0

    def allows(self, seconds: float) -> bool:
        """Whether an evaluation of so long would stay within the share of the time without looking."""
        return self.spent + seconds <= self.share * self._training

    def allows_inside(self, seconds: float) -> bool:
        """Whether a look inside of so long would stay within its part of the share, and the share."""
        return self.allows(seconds) and self.inside + seconds <= INSIDE * self.share * self._training

    def pay(self, seconds: float) -> None:
        """What a hook took inside a pass of the training."""
        self.spent += seconds * UNSEEN
        self.inside += seconds * UNSEEN

    @contextmanager
    def paid(self, *, inside: bool = False) -> Iterator[None]:
        """What happens in the block is paid; once, where one such block is in another.

        inside  it belongs to a look inside
        """
        began, before = self._clock(), self.spent
        try:
            yield
        finally:
            took = self._clock() - began
            self.spent = before + took
            self.inside += took * inside

    @property
    def _training(self) -> float:
        """Seconds without looking."""
        return self._clock() - self._began - self.spent
