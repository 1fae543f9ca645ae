"""Whole-pixel motions of image batches: mirrored and shifted pictures are the same pixels in other places.

They are picked by index, in half the operations of a resampling and with the same result, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Steps:
    """From a pixel of the result to the one of the original that it shows: place = sign * place + offset, an axis.

    Places are counted in pixels from the centre of the picture; axis 0 is x, to the right, axis 1 is y, down.
    """

    sign: Tensor | None = None
    """(2, B) of 1 and, where an axis is turned round, -1; None: 1."""
    offset: Tensor | None = None
    """(2, B) whole pixels; None: 0."""

    def then(self, after: Steps) -> Steps:
        """The one motion that does this one and then another."""
        offset = after.offset if self.sign is None or after.offset is None else self.sign * after.offset
        return Steps(_combined(torch.mul, self.sign, after.sign), _combined(torch.add, self.offset, offset))

    def motion(self) -> Tensor:
        """The same as a (B, 2, 3) matrix of `warp`."""
        known = self.sign if self.sign is not None else self.offset
        assert known is not None, "a motion without samples"
        one, zero = torch.ones_like(known), torch.zeros_like(known)
        (by_x, by_y), (x, y) = (one if self.sign is None else self.sign), (zero if self.offset is None else self.offset)
        return torch.stack((by_x, zero[0], x, zero[0], by_y, y), dim=1).view(-1, 2, 3)


def shifted(shift: Tensor) -> Steps:
    """Move the pictures by (2, B) whole pixels to the right and down."""
    return Steps(offset=-shift)


def turned(chosen: Tensor, axis: int) -> Steps:
    """Mirror left to right (axis 0) or top to bottom (axis 1) where `chosen` (B,) is true."""
    keeps, turns = _turns(axis, chosen.device)
    return Steps(sign=torch.where(chosen, turns, keeps))


def pick(images: Tensor, steps: Steps) -> Tensor:
    """Move each image by its own steps, with zeros where the original ends.

    images  (B, C, H, W) float; shape and dtype are kept
    """
    count, channels, height, width = images.shape
    places, centre = _places(height, width, images.device)
    if steps.sign is not None:
        places = places * steps.sign[:, :, None]  # (2, B, side)
    start = centre if steps.offset is None else centre + steps.offset[:, :, None]
    side = max(height, width)
    # One row and column of zeros around the pictures stand for all that lies outside.
    found = (places + start).clamp_(0, side + 1).expand(2, count, side).long()
    padded = F.pad(images, (1, 1 + side - width, 1, 1 + side - height)).flatten(2)
    pixels = found[1, :, :height, None] * (side + 2) + found[0, :, None, :width]  # (B, H, W)
    # Not by an index for each axis, which takes three times as long on a CPU.
    return padded.gather(2, pixels.view(count, 1, -1).expand(-1, channels, -1)).view(images.shape)


def _combined(combine: Callable[[Tensor, Tensor], Tensor], one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Both, or the one that there is."""
    return other if one is None else one if other is None else combine(one, other)


@cache
def _turns(axis: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(2, 1) signs of an axis that is kept and of one that is turned round; made once, as every step needs them."""
    turns = torch.ones(2, 1, device=device)
    turns[axis] = -1
    return torch.ones(2, 1, device=device), turns


@cache
def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The places of each axis from the centre, (2, 1, side), and the centre in the padded image, (2, 1, 1)."""
    centre = torch.tensor([width - 1, height - 1], device=device)[:, None, None] / 2
    places = torch.arange(max(height, width), device=device) - centre
    return places, centre + 1
