"""The small ResNet for small pictures (He et al. 2015, section 4.2, https://arxiv.org/abs/1512.03385)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.initialize import he
from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData

STAGES = 3
"""The channels double from stage to stage, both sides are halved."""


class ResNet(SiteModel):
    """A convolution and three stages of `blocks` residual blocks, channels w, 2w, 4w: 6 x blocks + 2 layers.

    Its norms come from the stack, so convolutions keep their biases. The shortcut into a wider block has no weights: it
    takes every second pixel and fills the new channels with zeros (the paper's option A).
    """

    evaluation_piece = 125

    def __init__(self, task: ImageData, *, blocks: int, width: int) -> None:
        """`blocks` a stage, `width` channels of the first. Raises ValueError for pictures below 4x4 pixels."""
        super().__init__()
        channels, height, columns = task.shape
        if min(height, columns) < 4:
            raise ValueError(f"the resnet halves its pictures twice and needs 4x4 pixels, got {height}x{columns}")
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        self.conv1 = nn.Conv2d(channels, width, kernel_size=3, padding=1)
        self.conv1_out = Place("conv", "conv1", width)
        self.conv1_active = Place("activation", "conv1", width)
        self.blocks = tuple(f"block{number}" for number in range(1, STAGES * blocks + 1))
        before = width
        for number, name in enumerate(self.blocks):
            stage, place = divmod(number, blocks)
            channels = width << stage
            self.add_module(name, Block(name, before, channels, stride=2 if stage and not place else 1))
            before = channels
        self.head_in = Place("head", "head", before)
        self.head = nn.Linear(before, len(task.classes))

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        if isinstance(module, nn.Conv2d):
            return he(module, generator) if name == "weight" else torch.zeros_like(module.get_parameter(name))
        return super().initial(module, name, generator)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1(self.input(self.standardize(images)))  # (B, w, H, W)
        x = self.conv1_active(F.relu(self.conv1_out(x)))
        for name in self.blocks:
            x = getattr(self, name)(x)
        logits: Tensor = self.head(self.head_in(x.mean((2, 3))))  # (B, K)
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions, and the shortcut past them."""

    def __init__(self, name: str, channels: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.stride, self.new_channels = stride, outputs - channels
        self.conv1 = nn.Conv2d(channels, outputs, kernel_size=3, stride=stride, padding=1)
        self.conv1_out = Place("conv", f"{name}.conv1", outputs)
        self.conv1_active = Place("activation", f"{name}.conv1", outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1)
        self.conv2_out = Place("conv", f"{name}.conv2", outputs)
        self.residual = Place("residual", name, outputs)
        self.active = Place("activation", f"{name}.conv2", outputs)
        self.out = Place("block", name, outputs)

    def forward(self, x: Tensor) -> Tensor:
        branch = self.conv1_active(F.relu(self.conv1_out(self.conv1(x))))
        branch = self.residual(self.conv2_out(self.conv2(branch)))  # (B, outputs, H / stride, W / stride)
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))
        joined: Tensor = self.out(self.active(F.relu(shortcut + branch)))
        return joined
