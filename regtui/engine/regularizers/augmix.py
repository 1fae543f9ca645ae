"""AugMix: blend a picture with a mix of augmented ones (Hendrycks et al. 2020, https://arxiv.org/abs/1912.02781).

The mixing alone, as in torchvision; the paper also adds a loss that pulls the predictions of three such pictures
together, which triples the cost of a step.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from regtui.engine import warp
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.regularizers.policies import AUGMIX, OPERATIONS, Choice, colour, motion
from regtui.spec import StackEntry

WIDTH = 3
"""Chains of operations that are mixed."""
DEPTH = 3
"""Operations of the longest chain."""
STEPS = 9
"""A strength is a whole number from 0 to this: torchvision's ten bins."""


def blend(images: Tensor, chains: Tensor, shares: Tensor, changed: Tensor) -> Tensor:
    """Blend each picture with the mix of its chains.

    images   (B, C, H, W) float
    chains   (WIDTH, B, C, H, W) float
    shares   (WIDTH, B) float, of each chain in the mix; they sum to 1 for each picture
    changed  (B,) float in [0, 1], the share of the mix in the result; 0 changes nothing
    """
    mix = (chains * shares.to(images.dtype)[:, :, None, None, None]).sum(0)
    return images.lerp(mix, changed.to(images.dtype)[:, None, None, None])


class AugMix(Regularizer):
    """Three chains of one to three operations for each picture; their shares and that of the mix are uniform.

    Uniform means Dirichlet(1, 1, 1) and Beta(1, 1), the paper's alpha of 1. All motions of a chain come before its
    colours, so that it is resampled once.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch

    def on_batch(self, batch: Batch) -> Batch:
        images = batch.inputs
        count = len(images)
        draws = torch.rand((2 + WIDTH * (2 + 3 * DEPTH), count), generator=self._draws, device=images.device)
        changed = torch.where(draws[0] < self.numbers["p"], draws[1], 0)
        waits = -torch.log1p(-draws[2 : 2 + WIDTH])  # exponential; their shares of the sum are Dirichlet(1, ..., 1)
        shares = waits / waits.sum(0).clamp(min=1e-30)
        length = (draws[2 + WIDTH : 2 + 2 * WIDTH] * DEPTH).floor() + 1  # (WIDTH, B)
        layers = draws[2 + 2 * WIDTH :].view(DEPTH, 3, WIDTH * count)
        choices = [self._choice(layers[depth], depth < length.flatten()) for depth in range(DEPTH)]
        return replace(batch, inputs=blend(images, _chains(images, choices), shares, changed))

    def _choice(self, draws: Tensor, within: Tensor) -> Choice:
        """One operation in every chain, (WIDTH * B,), none in those that have ended; draws (3, WIDTH * B)."""
        operation = 1 + (draws[0] * (len(OPERATIONS) - 1)).long()  # never the identity
        strength = (draws[1] * self.numbers["severity"]).floor() / STEPS
        return Choice(torch.where(within, operation, 0), strength, torch.where(draws[2] < 0.5, -1.0, 1.0))


def _chains(images: Tensor, choices: list[Choice]) -> Tensor:
    """Each picture at the end of each of its chains, (WIDTH, B, C, H, W)."""
    copies = images.repeat(WIDTH, 1, 1, 1)
    copies = warp.warp(copies, reduce(warp.compose, [motion(AUGMIX, c, *images.shape[-2:]) for c in choices]))
    for choice in choices:
        copies = colour(AUGMIX, choice, copies)
    return copies.view(WIDTH, *images.shape)
