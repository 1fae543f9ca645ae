"""Per-sample motions of image batches: small matrices that compose, and one resampling at the end.

A motion is a (B, 2, 3) float32 matrix that maps a pixel of the result to the place of the original that it
shows. Pixels are counted from the centre of the image, x to the right and y down. Composing matrices and
sampling once keeps the picture sharp and loses nothing that one motion pushes out of the frame and the next
one brings back.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror(mirrored: Tensor) -> Tensor:
    """Left to right where `mirrored` (B,) is true."""
    one = torch.ones(len(mirrored), device=mirrored.device)
    zero = torch.zeros_like(one)
    return _matrix(1 - 2 * mirrored.to(one.dtype), zero, zero, zero, one, zero)


def upend(upended: Tensor) -> Tensor:
    """Top to bottom where `upended` (B,) is true."""
    one = torch.ones(len(upended), device=upended.device)
    zero = torch.zeros_like(one)
    return _matrix(one, zero, zero, zero, 1 - 2 * upended.to(one.dtype), zero)


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Move the picture by x (B,) pixels to the right and y (B,) pixels down."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix(one, zero, -x, zero, one, -y)


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
    return product + F.pad(first[:, :, 2:], (2, 0))


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
    x = torch.arange(width, device=images.device, dtype=motion.dtype) - (width - 1) / 2  # (W,)
    y = torch.arange(height, device=images.device, dtype=motion.dtype)[:, None] - (height - 1) / 2  # (H, 1)
    scaled = motion * (2 / side)  # (B, 2, 3), in the sampler's unit: the padded image reaches from -1 to 1
    offset = torch.stack((scaled[:, 0, 2] + (width / side - 1), scaled[:, 1, 2] + (height / side - 1)), dim=1)
    by_x, by_y, offset = scaled[:, :, 0, None, None], scaled[:, :, 1, None, None], offset[:, :, None, None]
    grid = (by_x * x + (by_y * y + offset)).permute(0, 2, 3, 1)  # (B, H, W, 2)
    padded = F.pad(images, (0, side - width, 0, side - height)).to(grid.dtype)  # (B, C, side, side)
    moved = F.grid_sample(padded, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return moved.to(images.dtype)


def _matrix(*numbers: Tensor) -> Tensor:
    return torch.stack(numbers, dim=1).view(-1, 2, 3)
