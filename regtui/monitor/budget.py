"""What looking may cost: a share of the time that training takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Budget:
    """Counts the seconds spent on looking and says whether more would exceed the share.

    share  of the training's own time, in [0, 1]; at most that is spent in the long run
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.share, self.spent = share, 0.0
        self._clock, self._began = clock, clock()

    def begin(self) -> None:
        """The training begins now; what came before was setting up."""
        self._began, self.spent = self._clock(), 0.0

    def allows(self, seconds: float) -> bool:
        """Whether looking for so long would stay within the share of the time without looking."""
        training = self._clock() - self._began - self.spent
        return self.spent + seconds <= self.share * training

    def pay(self, seconds: float) -> None:
        """What a hook took inside a pass of the training."""
        self.spent += seconds

    @contextmanager
    def paid(self) -> Iterator[None]:
        """What happens inside is paid from the share."""
        began = self._clock()
        try:
            yield
        finally:
            self.spent += self._clock() - began
