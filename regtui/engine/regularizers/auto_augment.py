"""Automatic augmentation: RandAugment and TrivialAugment draw from fourteen operations for each picture.

RandAugment:    Cubuk et al. 2020, https://arxiv.org/abs/1909.13719
TrivialAugment: Müller & Hutter 2021, https://arxiv.org/abs/2103.10158
"""

from __future__ import annotations

from abc import abstractmethod
from functools import reduce

import torch
from torch import Tensor

from regtui.engine import warp
from regtui.engine.regularizers.geometric import Repainting
from regtui.engine.regularizers.policies import (
    OPERATIONS,
    RANDAUGMENT,
    TRIVIALAUGMENT,
    Choice,
    Space,
    colour,
    motion,
)  # fmt: skip

STEPS = 30
"""A magnitude is a whole number from 0 to this: 31 bins, as in torchvision."""


class Policy(Repainting):
    """Base: all motions of a picture become one, with those of its neighbours in the stack; then come its colours.

    In the papers the operations come in the order in which they were drawn. Motion first resamples a picture once
    instead of once for each operation; colours that look at a whole picture also see the black that it brought in.
    """

    space: Space
    _chosen: list[Choice]
    """What `motion` drew for the present batch."""

    @abstractmethod
    def choose(self, images: Tensor) -> list[Choice]:
        """Draw operations for each picture, those of the first layer first."""

    def motion(self, images: Tensor) -> Tensor:
        self._chosen = self.choose(images)
        nothing = torch.zeros(len(images), device=images.device)
        motions = [motion(self.space, choice, *images.shape[-2:]) for choice in self._chosen]
        return reduce(warp.compose, motions, warp.translation(nothing, nothing))

    def repaint(self, images: Tensor) -> Tensor:
        for choice in self._chosen:
            images = colour(self.space, choice, images)
        return images


class RandAugment(Policy):
    """`number` operations, drawn with replacement, all with the same magnitude, in a share p of the pictures."""

    space = RANDAUGMENT

    def choose(self, images: Tensor) -> list[Choice]:
        number = int(self.entry.params["number"])
        draws = self._uniform(images, 1 + 2 * number)
        changed = draws[0] < self.numbers["p"]  # (B,)
        strength = (self.numbers["magnitude"] / STEPS).expand(len(images))
        return [Choice(_drawn(draws[1 + 2 * i], changed), strength, _either(draws[2 + 2 * i])) for i in range(number)]


class TrivialAugment(Policy):
    """One operation with a magnitude drawn from all bins, in a share p of the pictures."""

    space = TRIVIALAUGMENT

    def choose(self, images: Tensor) -> list[Choice]:
        draws = self._uniform(images, 4)
        strength = (draws[2] * (STEPS + 1)).floor() / STEPS
        return [Choice(_drawn(draws[1], draws[0] < self.numbers["p"]), strength, _either(draws[3]))]


def _drawn(draws: Tensor, changed: Tensor) -> Tensor:
    """(B,) long, an operation; the identity where the picture is not to be changed."""
    return torch.where(changed, (draws * len(OPERATIONS)).long(), 0)


def _either(draws: Tensor) -> Tensor:
    return torch.where(draws < 0.5, -1.0, 1.0)
