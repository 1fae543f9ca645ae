"""What looking may cost: a share of the time that training takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PARTS = {"inside": 0.5, "telling": 0.2}
"""Of the share, what looks inside and writing losses down may take: the rest is left for evaluations, which are dearer
and would never come."""
UNSEEN = 1.25
"""What a hook takes for each second between its first line and its last: calling it, and the caches that it empties.
Steps with and without a look then differ by what is counted, to a tenth, in a small CNN and a small transformer."""


class Budget:
    """Counts the seconds spent on looking and says whether more would exceed the share.

    share  of the training's own time, >= 0; at most that is spent in the long run
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.share, self.spent = share, 0.0
        self.parts = dict.fromkeys(PARTS, 0.0)
        """Of `spent`, what each of PARTS took."""
        self._clock, self._began = clock, clock()

    def begin(self) -> None:
        """The training begins now; what came before was setting up."""
        self._began, self.spent, self.parts = self._clock(), 0.0, dict.fromkeys(PARTS, 0.0)

    def allows(self, seconds: float) -> bool:
        """Whether an evaluation of so long would stay within the share of the time without looking."""
        return self.spent + seconds <= self.share * self._training

    def allows_part(self, part: str, seconds: float) -> bool:
        """Whether so long of one of PARTS would stay within that, and within the share."""
        return self.allows(seconds) and self.parts[part] + seconds <= PARTS[part] * self.share * self._training

    def pay(self, seconds: float) -> None:
        """What a hook took inside a pass of the training."""
        self.spent += seconds * UNSEEN
        self.parts["inside"] += seconds * UNSEEN

    @contextmanager
    def paid(self, part: str = "") -> Iterator[None]:
        """What happens in the block is paid; once, where one such block is in another.

        part  one of PARTS that it belongs to; "": none
        """
        began, before = self._clock(), self.spent
        try:
            yield
        finally:
            took = self._clock() - began
            self.spent = before + took
            if part:
                self.parts[part] += took

    @property
    def _training(self) -> float:
        """Seconds without looking."""
        return self._clock() - self._began - self.spent
