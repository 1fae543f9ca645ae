"""A small EfficientNet (Tan & Le 2019, https://arxiv.org/abs/1905.11946) for small pictures.

Its block is the inverted residual of MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381) with
squeeze-and-excitation (Hu et al. 2017, https://arxiv.org/abs/1709.01507).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.initialize import he
from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData

EXPANSION, SQUEEZE = 4, 4
"""A block widens its channels fourfold inside; its gates see a quarter of the channels that enter the block."""
STRIDES = (1, 2, 2)
"""Of the first block of each stage; the first convolution halves the picture as well."""


class MbConv(SiteModel):
    """A convolution, three stages of `depth` MBConv blocks, channels w, 2w, 4w, and a 1x1 convolution to 8w channels.

    Its norms come from the stack, so convolutions keep their biases. The branch has a place only where a shortcut goes
    past it: blocks that change shape have none.
    """

    def __init__(self, task: ImageData, *, width: int, depth: int) -> None:
        """`width` channels of the first stage. Raises ValueError for pictures below 8x8 pixels."""
        super().__init__()
        channels, height, columns = task.shape
        if min(height, columns) < 8:
            raise ValueError(f"mbconv halves its pictures three times and needs 8x8 pixels, got {height}x{columns}")
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        self.stem = nn.Conv2d(channels, width, kernel_size=3, stride=2, padding=1)
        self.stem_out = Place("conv", "stem", width)
        self.stem_active = Place("activation", "stem", width)
        self.blocks = tuple(f"block{number}" for number in range(1, len(STRIDES) * depth + 1))
        before = width
        for number, name in enumerate(self.blocks):
            stage, place = divmod(number, depth)
            self.add_module(name, Block(name, before, width << stage, stride=1 if place else STRIDES[stage]))
            before = width << stage
        self.top = nn.Conv2d(before, 2 * before, kernel_size=1)
        self.top_out = Place("conv", "top", 2 * before)
        self.top_active = Place("activation", "top", 2 * before)
        self.head_in = Place("head", "head", 2 * before)
        self.head = nn.Linear(2 * before, len(task.classes))

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        if isinstance(module, nn.Conv2d):
            return he(module, generator) if name == "weight" else torch.zeros_like(module.get_parameter(name))
        return super().initial(module, name, generator)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem_out(self.stem(self.input(self.standardize(images))))  # (B, w, H / 2, W / 2)
        x = self.stem_active(F.silu(x))
        for name in self.blocks:
            x = getattr(self, name)(x)
        x = self.top_active(F.silu(self.top_out(self.top(x))))  # (B, 8w, H / 8, W / 8)
        logits: Tensor = self.head(self.head_in(x.mean((2, 3))))  # (B, K)
        return logits


class Block(nn.Module):
    """Widen, convolve each channel by itself, gate the channels, narrow; past it a shortcut where shapes allow one."""

    def __init__(self, name: str, channels: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        inside, gates = channels * EXPANSION, max(1, channels // SQUEEZE)
        self.expand = nn.Conv2d(channels, inside, kernel_size=1)
        self.expand_out = Place("conv", f"{name}.expand", inside)
        self.expand_active = Place("activation", f"{name}.expand", inside)
        self.depthwise = nn.Conv2d(inside, inside, kernel_size=3, stride=stride, padding=1, groups=inside)
        self.depthwise_out = Place("conv", f"{name}.depthwise", inside)
        self.depthwise_active = Place("activation", f"{name}.depthwise", inside)
        self.squeeze = nn.Conv2d(inside, gates, kernel_size=1)
        self.excite = nn.Conv2d(gates, inside, kernel_size=1)
        self.project = nn.Conv2d(inside, outputs, kernel_size=1)
        self.project_out = Place("conv", f"{name}.project", outputs)
        self.residual = Place("residual", name, outputs) if stride == 1 and channels == outputs else None
        self.out = Place("block", name, outputs)

    def forward(self, x: Tensor) -> Tensor:
        branch = self.expand_active(F.silu(self.expand_out(self.expand(x))))
        branch = self.depthwise_active(F.silu(self.depthwise_out(self.depthwise(branch))))
        gate = self.excite(F.silu(self.squeeze(branch.mean((2, 3), keepdim=True)))).sigmoid()  # (B, inside, 1, 1)
        branch = self.project_out(self.project(branch * gate))
        joined: Tensor = self.out(x + self.residual(branch) if self.residual is not None else branch)
        return joined
