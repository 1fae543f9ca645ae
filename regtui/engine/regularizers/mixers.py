"""The entries that mix training samples: MixUp, CutMix, and both by turns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import torch
from torch import Tensor

from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.regularizers.mixing import cutmix, mixup, ring, symmetric_beta
from regtui.spec import StackEntry

DRAWS = 9
"""Uniform draws a sample, the same number for every entry and at any strength."""


class Mixer(Regularizer, ABC):
    """Base: finds partners, and mixes a share p of the samples in the first epochs, none in the last ones."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch
        self._on = torch.ones((), device=randomness.device)

    def on_epoch(self, epoch: int, epochs: int) -> None:
        self._on.fill_(epoch < round(epochs * (1 - float(self.entry.params["off_last"]))))

    def on_batch(self, batch: Batch) -> Batch:
        images = batch.inputs
        draws = torch.rand((DRAWS, len(images)), generator=self._draws, device=images.device)
        mixed = draws[0] < self.numbers["p"] * self._on  # (B,)
        images, targets = self.mix(images, batch.soft_targets(), ring(draws[1]), mixed, draws[2:])
        return replace(batch, inputs=images, targets=targets)

    @abstractmethod
    def mix(
        self, images: Tensor, targets: Tensor, partner: Tensor, mixed: Tensor, draws: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix the samples for which `mixed` (B,) is true; `draws` (7, B) are uniform in [0, 1)."""

    def state(self) -> dict[str, Tensor]:
        return {"on": self._on.clone()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        self._on.copy_(state["on"])


class MixUp(Mixer):
    """Each sample keeps the larger share of itself, so that its own label stays the dominating target.

    As Berthelot et al. 2019 (https://arxiv.org/abs/1905.02249) do it; a blend of two is the same seen from either.
    """

    def mix(
        self, images: Tensor, targets: Tensor, partner: Tensor, mixed: Tensor, draws: Tensor
    ) -> tuple[Tensor, Tensor]:
        share = _larger(symmetric_beta(self.numbers["alpha"], draws[:2]))
        return mixup(images, targets, partner, torch.where(mixed, share, 1))


class CutMix(Mixer):
    """The share that a box leaves may be any, as in the paper."""

    def mix(
        self, images: Tensor, targets: Tensor, partner: Tensor, mixed: Tensor, draws: Tensor
    ) -> tuple[Tensor, Tensor]:
        share = symmetric_beta(self.numbers["alpha"], draws[:2])
        return cutmix(images, targets, partner, torch.where(mixed, share, 1), draws[2:4])


class ByTurns(Mixer):
    """Each sample is mixed by MixUp or by CutMix; the partner that it is mixed with is always an unmixed picture."""

    def mix(
        self, images: Tensor, targets: Tensor, partner: Tensor, mixed: Tensor, draws: Tensor
    ) -> tuple[Tensor, Tensor]:
        cut = draws[6] < self.numbers["cut"]  # (B,)
        share = _larger(symmetric_beta(self.numbers["mixup_alpha"], draws[:2]))
        blended, soft = mixup(images, targets, partner, torch.where(mixed, share, 1))
        share = symmetric_beta(self.numbers["cutmix_alpha"], draws[4:6])
        pasted, shared = cutmix(images, targets, partner, torch.where(mixed, share, 1), draws[2:4])
        return torch.where(cut[:, None, None, None], pasted, blended), torch.where(cut[:, None], shared, soft)


def _larger(share: Tensor) -> Tensor:
    return torch.maximum(share, 1 - share)
