"""The fourteen operations of the automatic policies, each computed for a whole batch and chosen per sample.

Cubuk et al. 2019 (AutoAugment), https://arxiv.org/abs/1805.09501; names, ranges and details as in torchvision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regtui.engine import paint, warp

OPERATIONS = (
    "identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate", "brightness", "color", "contrast",
    "sharpness", "posterize", "solarize", "autocontrast", "equalize",
)  # fmt: skip
"""An operation is drawn as an index into these."""
AT = {name: index for index, name in enumerate(OPERATIONS)}


@dataclass(frozen=True, slots=True)
class Space:
    """What the full strength of each operation is."""

    shear: float
    """Pixels a pixel."""
    translate: float
    """Share of the side."""
    rotate: float
    """Degrees."""
    enhance: float
    """Distance of the factor of brightness, color, contrast and sharpness from 1."""
    bits: tuple[int, int]
    """Bits that posterize keeps at no strength and at full strength."""


RANDAUGMENT = Space(shear=0.3, translate=150 / 331, rotate=30, enhance=0.9, bits=(8, 4))
TRIVIALAUGMENT = Space(shear=0.99, translate=32 / 224, rotate=135, enhance=0.99, bits=(8, 2))
"""torchvision moves by up to 32 pixels whatever the size; here they are those of a picture of 224 pixels."""
AUGMIX = Space(shear=0.3, translate=1 / 3, rotate=30, enhance=0.9, bits=(4, 0))


@dataclass(frozen=True, slots=True)
class Choice:
    """One operation for each sample."""

    operation: Tensor
    """(B,) long, an index into OPERATIONS."""
    strength: Tensor
    """(B,) float in [0, 1], the share of the full strength."""
    sign: Tensor
    """(B,) float, -1 or 1, for the operations that go both ways."""


def motion(space: Space, choice: Choice, height: int, width: int) -> Tensor:
    """The motion, (B, 2, 3), of each sample; that of a colour operation is the identity.

    Translations are cut to whole pixels, as in torchvision; shears keep the top left corner in place.
    """
    signed = choice.strength * choice.sign

    def where(name: str, amount: Tensor) -> Tensor:
        return torch.where(choice.operation == AT[name], amount, 0)

    sheared = warp.shear(where("shear_x", signed * space.shear), where("shear_y", signed * space.shear), height, width)
    moved = warp.affine(
        degrees=where("rotate", -signed * space.rotate),  # torchvision's rotate turns against the clock
        x=where("translate_x", signed * (space.translate * width)).trunc(),
        y=where("translate_y", signed * (space.translate * height)).trunc(),
        scale=torch.ones_like(signed),
    )
    return warp.compose(sheared, moved)


def colour(space: Space, choice: Choice, images: Tensor) -> Tensor:
    """The images (B, C, H, W) after the colour operations; those of a motion stay as they are."""
    factor = 1 + choice.strength * choice.sign * space.enhance
    first, last = space.bits
    results = {
        "brightness": paint.brightness(images, factor),
        "color": paint.saturation(images, factor),
        "contrast": paint.contrast(images, factor),
        "sharpness": paint.sharpness(images, factor),
        "posterize": paint.posterize(images, first - ((first - last) * choice.strength).round()),
        "solarize": paint.solarize(images, 1 - choice.strength),
        "autocontrast": paint.autocontrast(images),
        "equalize": paint.equalize(images),
    }
    operation = choice.operation[:, None, None, None]
    for name, result in results.items():
        images = torch.where(operation == AT[name], result, images)
    return images
