"""MixUp and CutMix: train on pairs of samples that share a picture and a target.

MixUp:  Zhang et al. 2018, https://arxiv.org/abs/1710.09412
CutMix: Yun et al. 2019, https://arxiv.org/abs/1905.04899

Every sample has a share and a partner of its own; torchvision draws one share for a whole batch.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mixup(images: Tensor, targets: Tensor, partner: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Blend each sample with its partner.

    images   (B, C, H, W) float
    targets  (B, K) float, rows sum to 1; so do the rows of the result
    partner  (B,) long, the other sample's index
    share    (B,) float in [0, 1], the part kept of the sample itself; 1 changes nothing
    """
    blended = images[partner].lerp(images, share.to(images.dtype)[:, None, None, None])
    return blended, _share_targets(targets, partner, share)


def cutmix(images: Tensor, targets: Tensor, partner: Tensor, share: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Paste a box of its partner into each sample.

    images   (B, C, H, W) float
    targets  (B, K) float, rows sum to 1; so do the rows of the result
    partner  (B,) long, the other sample's index
    share    (B,) float in [0, 1], the part of the area to keep of the sample itself; 1 changes nothing
    centre   (2, B) float in [0, 1), the box's centre across and down, in sides of the picture

    The box has the sides of the picture times sqrt(1 - share). What of it lies outside is cut off, and the targets
    follow the area that was really pasted.
    """
    height, width = images.shape[-2:]
    half = (1 - share).sqrt() / 2  # (B,)
    left, right = _edges(centre[0], half, width)
    top, bottom = _edges(centre[1], half, height)
    pasted = ((right - left) * (bottom - top)) / (width * height)
    x, y = torch.arange(width, device=images.device), torch.arange(height, device=images.device)
    across = (x >= left[:, None]) & (x < right[:, None])  # (B, W)
    down = (y >= top[:, None]) & (y < bottom[:, None])  # (B, H)
    box = (down[:, :, None] & across[:, None, :])[:, None]  # (B, 1, H, W)
    return torch.where(box, images[partner], images), _share_targets(targets, partner, 1 - pasted)


def ring(draws: Tensor) -> Tensor:
    """A partner for each sample, (B,) long: its neighbour in a random ring, so never itself unless it is alone.

    draws  (B,) uniform in [0, 1)
    """
    order = draws.argsort()
    return order.roll(1)[order.argsort()]


def symmetric_beta(alpha: Tensor, draws: Tensor) -> Tensor:
    """Samples of Beta(alpha, alpha), (B,), from two uniform draws each.

    alpha  0-dim, >= 0; at 0 the samples are 0 or 1
    draws  (2, B) uniform in [0, 1)

    Bailey 1994, https://doi.org/10.1090/S0025-5718-1994-1219702-8: with Student's t of 2 alpha degrees of freedom,
    1/2 + t / (2 sqrt(2 alpha + t^2)) has that distribution. Rejection samplers use up a number of draws that depends
    on alpha, so steering alpha would shift all later draws.
    """
    radius = draws[0].pow(1 / alpha)
    cos = (2 * torch.pi * draws[1]).cos()
    return (0.5 + 0.5 * cos * ((1 - radius) / (radius + (1 - radius) * cos**2)).sqrt()).clamp(0, 1)


def _share_targets(targets: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    return targets[partner].lerp(targets, share[:, None].to(targets.dtype))  # (B, K)


def _edges(centre: Tensor, half: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """First pixel of a box and the one after its last, (B,), as torchvision rounds them."""
    middle, reach = (centre * side).floor(), (half * side).floor()
    return (middle - reach).clamp(min=0), (middle + reach).clamp(max=side)
