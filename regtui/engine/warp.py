"""Per-sample motions of image batches: small matrices that compose, and one resampling at the end.

A motion is a (B, 2, 3) float32 matrix that maps a pixel of the result to the place of the original that it
shows. Pixels are counted from the centre of the image, x to the right and y down. Composing matrices and
sampling once keeps the picture sharp and loses nothing that one motion pushes out of the frame and the next
one brings back.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror(mirrored: Tensor) -> Tensor:
    """Left to right where `mirrored` (B,) is true."""
    unmoved, reversed_ = _constants(mirrored.device)
    return torch.where(mirrored[:, None, None], reversed_, unmoved)


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Move the picture by x (B,) pixels to the right and y (B,) pixels down."""
    unmoved, _ = _constants(x.device)
    return unmoved - F.pad(torch.stack((x, y), dim=1)[:, :, None], (2, 0))


def affine(degrees: Tensor, x: Tensor, y: Tensor, scale: Tensor) -> Tensor:
    """Scale and rotate about the centre, then move; every argument is (B,).

    degrees  clockwise, as in torchvision.transforms.v2.functional.affine
    x, y     pixels to the right and down
    scale    > 0; 2 makes everything twice as large
    """
    radians = degrees * (torch.pi / 180)
    cos, sin = radians.cos() / scale, radians.sin() / scale
    return _matrix(cos, sin, -(cos * x + sin * y), -sin, cos, sin * x - cos * y)


def shear(x: Tensor, y: Tensor, height: int, width: int) -> Tensor:
    """Shear about the top left corner, as the policies of AutoAugment do; at least one of x and y is 0 a sample.

    x, y           (B,) pixels that a row moves to the left for each row below the top edge, and a column up for
                   each column right of the left edge
    height, width  of the images, in pixels
    """
    one = torch.ones_like(x)
    return _matrix(one, x, x * (height / 2), y, one, y * (width / 2))


def compose(first: Tensor, then: Tensor) -> Tensor:
    """The one motion that does `first` and `then` after it; all (B, 2, 3)."""
    # Products and sums instead of a matrix product: TF32 would round pixel positions to 10 bits.
    product = (first[:, :, :2, None] * then[:, None, :, :]).sum(2)  # (B, 2, 3)
    product[:, :, 2] += first[:, :, 2]
    return product


def warp(images: Tensor, motion: Tensor) -> Tensor:
    """Move each image by its own motion, bilinearly, with zeros where the original ends.

    images  (B, C, H, W) float; shape and dtype are kept
    motion  (B, 2, 3) float32

    Whole-pixel motions (mirroring, integer shifts, the identity) give the original's pixels bit for bit: the
    sampler counts positions from -1 to 1, and on images padded to a power of two that conversion is exact in
    both directions.
    """
    height, width = images.shape[-2:]
    side = 1 << (max(height, width) - 1).bit_length()  # the smallest power of two that holds both
    x, y, centre = _pixels(height, width, side, images.device)
    scaled = motion * (2 / side)  # (B, 2, 3), in the sampler's unit: the padded image reaches from -1 to 1
    by_x, by_y, offset = scaled[..., None, None].unbind(2)  # each (B, 2, 1, 1)
    grid = (by_x * x + (by_y * y + (offset + centre))).permute(0, 2, 3, 1)  # (B, H, W, 2)
    padded = F.pad(images, (0, side - width, 0, side - height)).to(grid.dtype)  # (B, C, side, side)
    moved = F.grid_sample(padded, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return moved.to(images.dtype)


@cache
def _constants(device: torch.device) -> tuple[Tensor, Tensor]:
    """The motion that changes nothing and the one that mirrors, (2, 3) each; made once, as every step needs them."""
    unmoved = torch.eye(2, 3, device=device)
    return unmoved, unmoved * torch.tensor([[-1.0], [1.0]], device=device)


@cache
def _pixels(height: int, width: int, side: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """What depends on the size of the pictures alone, made once.

    x (W,) and y (H, 1) count pixels from the centre; (2, 1, 1) is the centre in the sampler's unit.
    """
    x = torch.arange(width, dtype=torch.float32, device=device) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float32, device=device)[:, None] - (height - 1) / 2
    return x, y, torch.tensor([width / side - 1, height / side - 1], device=device)[:, None, None]


def _matrix(*numbers: Tensor) -> Tensor:
    return torch.stack(numbers, dim=1).view(-1, 2, 3)
