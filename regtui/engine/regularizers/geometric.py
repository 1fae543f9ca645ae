"""Geometric augmentation: each picture of a training batch is moved by a draw of its own.

An entry only says how its pictures move; `move` composes neighbouring entries and resamples the pictures
once. The random transforms of torchvision draw one set of parameters for a whole batch
(https://github.com/pytorch/vision/issues/2929); these draw one for each picture.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from regtui.engine import warp
from regtui.engine.lattice import Steps, pick, shifted, turned
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.spec import StackEntry


class Geometric(Regularizer, ABC):
    """Base of the entries that move pictures."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch

    @abstractmethod
    def motion(self, images: Tensor) -> Tensor:
        """Draw a motion, (B, 2, 3), for each of the images, (B, C, H, W)."""

    def on_batch(self, batch: Batch) -> Batch:
        return move(batch, [self])

    def _uniform(self, images: Tensor, numbers: int) -> Tensor:
        """Draws from [0, 1), (numbers, B); as many at any strength, so that steering shifts no later draw."""
        return torch.rand((numbers, len(images)), generator=self._draws, device=images.device)


class WholePixel(Geometric):
    """Base of the entries that only shift by whole pixels and mirror: rows of these need no resampling."""

    @abstractmethod
    def steps(self, images: Tensor) -> Steps:
        """Draw the same motion as steps from pixel to pixel along each axis."""

    def motion(self, images: Tensor) -> Tensor:
        return self.steps(images).motion()


class Repainting(Geometric):
    """Base of the entries that also change the colours of the pictures, once they have been moved."""

    @abstractmethod
    def repaint(self, images: Tensor) -> Tensor:
        """The images (B, C, H, W) with other colours; called after `motion`, for the same pictures."""


def rows(entries: Sequence[Regularizer]) -> Iterator[list[Regularizer]]:
    """The entries in their order: geometric neighbours in one row, which a repainting one ends, others alone."""
    row: list[Regularizer] = []
    for entry in entries:
        if row and not (isinstance(entry, Geometric) and _is_open(row[-1])):
            yield row
            row = []
        row.append(entry)
    if row:
        yield row


def _is_open(last: Regularizer) -> bool:
    return isinstance(last, Geometric) and not isinstance(last, Repainting)


def move(batch: Batch, entries: Sequence[Geometric]) -> Batch:
    """Move the pictures of a batch as all the entries say, in their order, with one resampling.

    Only the last entry may be a repainting one; its colours follow.
    """
    whole = [entry for entry in entries if isinstance(entry, WholePixel)]
    if len(whole) == len(entries):  # the same pixels, bit for bit, in half the operations
        steps = reduce(Steps.then, [entry.steps(batch.inputs) for entry in whole])
        return replace(batch, inputs=pick(batch.inputs, steps))
    motion = reduce(warp.compose, [entry.motion(batch.inputs) for entry in entries])
    images, last = warp.warp(batch.inputs, motion), entries[-1]
    return replace(batch, inputs=last.repaint(images) if isinstance(last, Repainting) else images)


class Crop(WholePixel):
    """Pad with zeros and cut back at a random place (He et al. 2015, section 4.2, arXiv:1512.03385).

    That is a shift by a whole number of pixels, each from -padding to padding equally likely, in x and in y.
    """

    def steps(self, images: Tensor) -> Steps:
        padding = self.numbers["padding"]
        shift = (self._uniform(images, 2) * (2 * padding + 1)).floor() - padding  # (2, B)
        return shifted(shift)


class Flip(WholePixel):
    """Mirror left to right with probability p (Krizhevsky et al. 2012, section 4.1)."""

    def steps(self, images: Tensor) -> Steps:
        return turned(self._uniform(images, 1)[0] < self.numbers["p"], axis=0)


class VerticalFlip(WholePixel):
    """Mirror top to bottom with probability p."""

    def steps(self, images: Tensor) -> Steps:
        return turned(self._uniform(images, 1)[0] < self.numbers["p"], axis=1)


class Rotation(Geometric):
    """Rotate about the centre, as torchvision's RandomRotation."""

    def motion(self, images: Tensor) -> Tensor:
        angle = self._uniform(images, 1)[0] * 2 - 1  # (B,) in [-1, 1)
        zero = torch.zeros_like(angle)
        return warp.affine(angle * self.numbers["degrees"], x=zero, y=zero, scale=zero + 1)


class Affine(Geometric):
    """Rotate, scale and move by small amounts (Simard et al. 2003, https://doi.org/10.1109/ICDAR.2003.1227801).

    Uniform draws as in torchvision's RandomAffine, except that translations are not rounded to whole pixels.
    """

    def motion(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        angle, right, down, size = self._uniform(images, 4) * 2 - 1  # each (B,) in [-1, 1)
        return warp.affine(
            degrees=angle * self.numbers["degrees"],
            x=right * self.numbers["translate"] * width,
            y=down * self.numbers["translate"] * height,
            scale=1 + size * self.numbers["scale"],
        )
