"""Per-sample colour operations on image batches: what torchvision's kernels do to one picture, each by its own amount.

Images are (B, C, H, W) float pixels in [0, 1] with one or three channels; shape, dtype and range are kept. On gray
pictures saturation and hue change nothing, as in torchvision.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LUMA = (0.2989, 0.587, 0.114)
"""Shares of red, green and blue in the brightness (ITU-R BT.601, as torchvision rounds them)."""


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply the pixels; `factor` (B,) >= 0, 1 changes nothing."""
    return (images * _each(factor, images)).clamp(0, 1)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Stretch the pixels about their mean brightness; `factor` (B,) >= 0, 0 gives one gray, 1 changes nothing."""
    return _blend(_gray(images).mean((1, 2, 3), keepdim=True), images, factor)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Stretch the colours about their gray; `factor` (B,) >= 0, 0 gives a gray picture, 1 changes nothing."""
    return images if images.shape[1] == 1 else _blend(_gray(images), images, factor)


def hue(images: Tensor, turn: Tensor) -> Tensor:
    """Turn the colours around the colour wheel; `turn` (B,) in whole turns, 0 changes nothing but the last bits.

    A channel of a colour is v - v s max(0, min(k, 4 - k, 1)) with k = (n + 6 h) mod 6 and n = 5, 3, 1 for red, green
    and blue (https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative); v and v s are the largest channel and
    the range of the channels.
    """
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)  # each (B, H, W)
    low, high = images.amin(1), images.amax(1)
    span = high - low
    divisor = torch.where(span == 0, 1, span)
    sixth = torch.where(
        high == red,
        (green - blue) / divisor,
        torch.where(high == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )  # (B, H, W) hue in sixths of a turn
    sixth = sixth + 6 * turn.to(images.dtype)[:, None, None]
    channels = []
    for n in (5, 3, 1):
        k = (n + sixth).remainder(6)
        channels.append(high - span * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, dim=1)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Away from a blurred copy; `factor` (B,) >= 0, 0 gives the blur, 1 changes nothing. The outermost pixels stay."""
    height, width = images.shape[-2:]
    if height <= 2 or width <= 2:
        return images
    rows = images[:, :, :-2] + images[:, :, 1:-1] + images[:, :, 2:]
    around = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]  # the sum of each inner pixel and its neighbours
    inner = images[:, :, 1:-1, 1:-1]
    change = F.pad((around + 4 * inner) / 13 - inner, (1, 1, 1, 1))  # (B, C, H, W), 0 at the edge
    return _blend(images + change, images, factor)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits of pixels from 0 to 255; `bits` (B,) whole numbers in [0, 8], 8 changes nothing."""
    step = _each(torch.exp2(8 - bits), images)
    kept = (_bytes(images) / step).floor() * step / 255
    return torch.where(step == 1, images, kept)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert the pixels from the threshold up; `threshold` (B,), above 1 changes nothing."""
    return torch.where(images >= _each(threshold, images), 1 - images, images)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch each channel so that it reaches from 0 to 1; a channel of one value stays as it is."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    stretched = (images - low) / torch.where(high == low, 1, high - low)
    return torch.where(high == low, images, stretched.clamp(0, 1))


def equalize(images: Tensor) -> Tensor:
    """Make all brightnesses of a channel about equally frequent, by the rule of Pillow on pixels from 0 to 255.

    Pixels are counted as integers, whose sum is the same in any order of additions.
    """
    flat = _bytes(images).flatten(2).long()  # (B, C, N)
    counts = _histogram(flat)
    below = (counts.cumsum(2) - counts).gather(2, flat)  # (B, C, N) pixels that are darker
    step = below.amax(2, keepdim=True) // 255
    spread = ((below + step // 2) // step.clamp(min=1)).clamp(max=255)
    return torch.where(step == 0, flat, spread).view_as(images).to(images.dtype) / 255


def _histogram(flat: Tensor) -> Tensor:
    """How often each number from 0 to 255 is among the last dimension of (B, C, N): (B, C, 256) int32."""
    one = torch.ones((), dtype=torch.int32, device=flat.device)
    counts = torch.zeros((*flat.shape[:2], 256), dtype=torch.int32, device=flat.device)
    if not flat.is_cuda or not torch.are_deterministic_algorithms_enabled():
        return counts.scatter_add_(2, flat, one.expand_as(flat))
    # The deterministic kernel of a GPU sorts, and may read the largest index back to the host; sums of integers are the
    # same without it. Not by use_deterministic_algorithms, which loads PyTorch's compiler.
    mode = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        return counts.scatter_add_(2, flat, one.expand_as(flat))
    finally:
        torch.set_deterministic_debug_mode(mode)


def _each(numbers: Tensor, images: Tensor) -> Tensor:
    """(B, 1, 1, 1) in the dtype of the images."""
    return numbers.to(images.dtype)[:, None, None, None]


def _blend(degenerate: Tensor, images: Tensor, factor: Tensor) -> Tensor:
    """The way from `degenerate` at factor 0 over the images at 1 and beyond."""
    return torch.lerp(degenerate.expand_as(images), images, _each(factor, images)).clamp(0, 1)


def _gray(images: Tensor) -> Tensor:
    """(B, 1, H, W)"""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue)[:, None]


def _bytes(images: Tensor) -> Tensor:
    """Whole numbers from 0 to 255, as torchvision converts them."""
    return (images * (256 - 1e-3)).floor().clamp(0, 255)
