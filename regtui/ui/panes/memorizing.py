"""Whether a run learns its training set by heart, at a cost that does not grow with how long it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from regtui.diagnosis import LATER, RISE
from regtui.events import Evaluated
from regtui.store import RunHistory


@dataclass(slots=True)
class _Tested:
    """What the held-out losses of a run add up to, as far as they were looked at."""

    source: list[Evaluated]
    """The evaluations themselves; a run that goes on from a checkpoint gets another list."""
    seen: int = 0
    count: int = 0
    """Evaluations with a finite held-out loss."""
    lowest: tuple[float, int, Evaluated] | None = None
    """The first of the lowest ones: loss, how many came before it, and its evaluation."""
    last: tuple[float, Evaluated] | None = None

    def go_on(self) -> None:
        for event in self.source[self.seen :]:
            self.seen += 1
            split = event.held_out
            if split is None or not math.isfinite(split.loss):
                continue
            if self.lowest is None or split.loss < self.lowest[0]:
                self.lowest = split.loss, self.count, event
            self.last = split.loss, event
            self.count += 1


_known: WeakKeyDictionary[RunHistory, _Tested] = WeakKeyDictionary()


def overfitting(arm: str, run: RunHistory, *, of_many: bool = False) -> str:
    """That a run learns its training set by heart: test loss up, clean train loss down, a gap that is there and grew.

    `of_many`: name the seed, since the other figures are means over several.
    """
    tested = _known.get(run)
    if tested is None or tested.source is not run.evaluations:
        tested = _known[run] = _Tested(run.evaluations)
    tested.go_on()
    if tested.lowest is None or tested.last is None or tested.count <= LATER:
        return ""
    (lowest, at, then), (loss, now) = tested.lowest, tested.last
    if at >= tested.count - LATER or loss <= RISE * lowest or now is not run.last:
        return ""
    if then.gap is None or now.gap is None or not now.gap > max(then.gap, 0.0):
        return ""
    if not now.train.loss < then.train.loss:
        return ""
    who = f"{arm} (seed {run.spec.seed})" if of_many else arm
    # Right on more redrawn labels than true ones: those can only have been learned by heart.
    fits_noise = now.true_train is not None and now.train.accuracy > now.true_train.accuracy
    what = "memorizes, including the redrawn labels" if fits_noise else "memorizes its training set"
    part = "test" if now.test else "validation"
    return (
        f"{who} {what}: {part} loss {lowest:.2f} at epoch {then.epoch:.3g}, {loss:.2f} now; "
        f"clean train loss {then.train.loss:.2f} then, {now.train.loss:.2f} now."
    )
