"""Colour jitter: each picture of a training batch in another light (Howard 2013, https://arxiv.org/abs/1312.5402)."""

from __future__ import annotations

from dataclasses import replace

import torch

from regtui.engine import paint
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.spec import StackEntry


class ColorJitter(Regularizer):
    """Brightness, contrast, saturation and hue, each by a factor of its own for each picture.

    The draws are those of torchvision's ColorJitter; the order is fixed, where torchvision draws one for each call.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch

    def on_batch(self, batch: Batch) -> Batch:
        images, numbers = batch.inputs, self.numbers
        draws = torch.rand((4, len(images)), generator=self._draws, device=images.device) * 2 - 1
        images = paint.brightness(images, 1 + draws[0] * numbers["brightness"])
        images = paint.contrast(images, 1 + draws[1] * numbers["contrast"])
        images = paint.saturation(images, 1 + draws[2] * numbers["saturation"])
        images = paint.hue(images, draws[3] * numbers["hue"])
        return replace(batch, inputs=images)
