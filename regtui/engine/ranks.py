"""The processes that train one run together, as the code of a step sees them.

A run is made by one process, or by several that torchrun starts, its ranks. Each of them draws what the whole batch
needs and keeps its own part: all generators stay in step, so a run of four ranks draws what a run of one draws, and
one process can measure what four have trained. Only as many as began a run go on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from regtui.engine.models.sites import SiteModel
    from regtui.engine.regularizers.base import Batch

Objective = Callable[["Batch"], tuple[Tensor, Tensor]]
"""From a batch to the loss, (), and the logits, (B, K)."""


class Ranks:
    """A process that trains alone: base of the group of several, and what it does to a single one, which is nothing."""

    rank = 0
    """Which one this is; rank 0 evaluates, writes checkpoints and speaks the protocol."""
    world = 1
    """How many there are."""
    together = False
    """Whether a training step is being taken: only then does every rank come to the same exchanges."""

    def __deepcopy__(self, memo: object) -> Self:
        """The layers of a copied model have the same ranks."""
        return self

    def device_name(self, name: str) -> str:
        """The device of this rank, where a spec names that of the run. Raises ValueError where it cannot have one."""
        return name

    def part_of(self, batch: Batch) -> Batch:
        """The samples of a batch that are this rank's: the rank-th of `world` equal parts."""
        if self.world == 1:
            return batch
        own = self.rows(len(batch.labels))
        return replace(
            batch,
            inputs=batch.inputs[own],
            labels=batch.labels[own],
            targets=None if batch.targets is None else batch.targets[own],
            samples=None if batch.samples is None else batch.samples[own],
        )

    def rows(self, samples: int) -> slice:
        """Where this rank's part of so many samples lies."""
        size = samples // self.world
        return slice(self.rank * size, (self.rank + 1) * size)

    def objective(self, model: SiteModel) -> Objective:
        """What a step minimizes; its backward pass leaves the gradients of the whole batch on every rank."""
        return model.loss

    def mean(self, value: Tensor) -> Tensor:
        """The mean over the ranks of a tensor, which is left as it is; no gradient passes."""
        return value

    def means(self, values: list[float]) -> list[float]:
        """The mean over the ranks of each number."""
        return values

    def total(self, value: Tensor) -> Tensor:
        """The sum over the ranks; the gradient of a sum of all their losses passes."""
        return value


ALONE = Ranks()
"""No rank but this one."""


def uniform_rows(x: Tensor, generator: torch.Generator, ranks: Ranks) -> Tensor:
    """This rank's rows of the draws that one process would make for the whole batch: uniform in [0, 1), float32.

    x  (B, ...), whose shape and memory layout they have
    """
    own = torch.empty_like(x, dtype=torch.float32)
    shape, samples = own.shape[1:], len(own) * ranks.world
    whole = torch.empty_strided((samples, *shape), (shape.numel(), *own.stride()[1:]), device=x.device)
    return whole.uniform_(generator=generator)[ranks.rows(samples)]
