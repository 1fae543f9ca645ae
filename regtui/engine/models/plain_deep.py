"""A plain network of many layers, without shortcuts: what becomes of a signal on its way through it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData

STRIDE = 4
"""The first convolution takes patches of this side, so that the many layers after it are cheap."""


class PlainDeep(SiteModel):
    """Patches of 4x4 pixels, then 3x3 convolutions with ReLU, one like the other; mean over the pixels, a linear head.

    Weights begin normal with deviation gain / sqrt(fan_in), biases at 0. From layer to layer the mean square of the
    signal is then multiplied by gain^2 / 2 (He et al. 2015, section 2.2, https://arxiv.org/abs/1502.01852): it vanishes
    below a gain of 1.41 and explodes above it.
    """

    def __init__(self, task: ImageData, *, depth: int, width: int, gain: float) -> None:
        """`depth` convolutions in all, `width` channels each. Raises ValueError for pictures below 4x4 pixels."""
        super().__init__()
        channels, height, columns = task.shape
        if min(height, columns) < STRIDE:
            raise ValueError(f"plain_deep takes patches of {STRIDE}x{STRIDE} pixels, got {height}x{columns}")
        self.gain = gain
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        self.layers = tuple(f"conv{number}" for number in range(1, depth + 1))
        for layer in self.layers:
            if layer == self.layers[0]:
                self.add_module(layer, nn.Conv2d(channels, width, kernel_size=STRIDE, stride=STRIDE))
            else:
                self.add_module(layer, nn.Conv2d(width, width, kernel_size=3, padding=1))
            self.add_module(f"{layer}_out", Place("conv", layer, width))
            self.add_module(f"{layer}_active", Place("activation", layer, width))
        self.head_in = Place("head", "head", width)
        self.head = nn.Linear(width, len(task.classes))

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        if not isinstance(module, nn.Conv2d):
            return super().initial(module, name, generator)
        drawn = torch.zeros(module.get_parameter(name).shape)
        if name == "weight":
            drawn.normal_(0, self.gain / math.sqrt(drawn[0].numel()), generator=generator)
        return drawn

    def forward(self, images: Tensor) -> Tensor:
        x = self.input(self.standardize(images))  # (B, C, H, W)
        for layer in self.layers:
            x = getattr(self, f"{layer}_out")(getattr(self, layer)(x))  # (B, width, H / 4, W / 4)
            x = getattr(self, f"{layer}_active")(F.relu(x))
        logits: Tensor = self.head(self.head_in(x.mean((2, 3))))  # (B, K)
        return logits
