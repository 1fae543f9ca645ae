"""The statistics of BatchNorm as they go from a worker to a screen: what is remembered, what a batch has, the truth."""

from __future__ import annotations

import msgspec


class Moments(msgspec.Struct, frozen=True, array_like=True):
    """Mean and variance of each of the first channels."""

    mean: list[float]
    var: list[float]
    """Unbiased: divided by n - 1."""

    def biased(self, count: int) -> list[float]:
        """The variances divided by n instead, which training normalizes with; `count` is n."""
        return [value * (count - 1) / count for value in self.var]


class Distance(msgspec.Struct, frozen=True, array_like=True):
    """How far some statistics of a layer are from the truth, over all its channels."""

    mean: float
    """Root mean square of the difference of the means, in deviations of the true distribution."""
    var: float
    """Geometric mean of the ratios of the variances; 1 is the truth."""
    spread: float
    """Root mean square of ln(ratio): 0 is the truth, 0.1 is about 10 % off in either direction, channel by channel."""


class LayerTruth(msgspec.Struct, frozen=True, kw_only=True):
    """One BatchNorm."""

    name: str
    channels: int
    """In all; the moments have the first ones."""
    momentum: float | None
    """Share of a new batch in the running statistics; None: they are the plain mean over all batches so far."""
    batches: int
    """Batches that the running statistics have taken in."""
    frozen: bool
    """Training normalizes with the running statistics and leaves them as they are."""
    count: int
    """Values a channel in the batch (n): samples times pixels, or words."""
    set_count: int
    """Values a channel in the whole set."""
    running: Moments | None
    """None where the layer keeps none."""
    batch: Moments
    whole: Moments
    running_off: Distance | None
    batch_off: Distance
