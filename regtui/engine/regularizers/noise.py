"""Gaussian noise on the inputs (Bishop 1995, https://doi.org/10.1162/neco.1995.7.1.108)."""

from __future__ import annotations

from dataclasses import replace

import torch

from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.spec import StackEntry


class GaussianNoise(Regularizer):
    """Adds independent noise to every pixel, in the unit of pixels from 0 to 1.

    The result is not cut back to [0, 1], so that its expectation is the picture.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch

    def on_batch(self, batch: Batch) -> Batch:
        images = batch.inputs
        noise = torch.randn(images.shape, generator=self._draws, device=images.device)
        return replace(batch, inputs=images + (noise * self.numbers["std"]).to(images.dtype))
