"""Random erasing: blank one box in a training picture (Zhong et al. 2020, https://arxiv.org/abs/1708.04896)."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.spec import StackEntry

TRIES = 10
"""Sizes drawn for a box until one is smaller than the picture; after that the picture stays whole."""
SMALLEST = 0.02
"""Of the area of the picture."""
FLATTEST = 0.3
"""Height over width of a box reaches from this to 1 over it (torchvision: 0.3 to 3.3)."""


def boxes(draws: Tensor, largest: Tensor, height: int, width: int) -> Tensor:
    """One box in each picture, (B, H, W) bool.

    draws    (2 * TRIES + 2, B) uniform in [0, 1): areas, ratios, place down, place across
    largest  0-dim, share of the area in [SMALLEST, 1]

    Area uniform, ratio uniform in its logarithm, place uniform: the distribution of torchvision's RandomErasing, whose
    loop over tries is a choice of the first that fits.
    """
    area = (SMALLEST + draws[:TRIES] * (largest - SMALLEST)) * (height * width)  # (TRIES, B)
    ratio = torch.exp((draws[TRIES : 2 * TRIES] * 2 - 1) * -math.log(FLATTEST))
    tall, wide = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (tall < height) & (wide < width)
    first = fits.int().argmax(0, keepdim=True)  # (1, B)
    fit = fits.gather(0, first)[0]
    tall, wide = (torch.where(fit, side.gather(0, first)[0], 0) for side in (tall, wide))  # each (B,)
    top, left = (draws[-2] * (height - tall + 1)).floor(), (draws[-1] * (width - wide + 1)).floor()
    y, x = torch.arange(height, device=draws.device), torch.arange(width, device=draws.device)
    down = (y >= top[:, None]) & (y < (top + tall)[:, None])  # (B, H)
    across = (x >= left[:, None]) & (x < (left + wide)[:, None])  # (B, W)
    return down[:, :, None] & across[:, None, :]


class RandomErasing(Regularizer):
    """Erases in a share p of the pictures, with black or with uniform noise."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch
        self._noise = entry.params["fill"] == "noise"

    def on_batch(self, batch: Batch) -> Batch:
        images = batch.inputs
        draws = torch.rand((2 * TRIES + 3, len(images)), generator=self._draws, device=images.device)
        erased = (draws[0] < self.numbers["p"])[:, None, None]
        box = (boxes(draws[1:], self.numbers["largest"], *images.shape[-2:]) & erased)[:, None]  # (B, 1, H, W)
        fill = torch.zeros((), device=images.device)
        if self._noise:
            fill = torch.rand(images.shape, generator=self._draws, device=images.device)
        return replace(batch, inputs=torch.where(box, fill.to(images.dtype), images))
