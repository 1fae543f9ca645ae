"""A small convolutional network in three stages (after Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData

STAGES = (("conv1", "conv2"), ("conv3", "conv4"), ("conv5", "conv6"))
"""The convolutions of each stage; the channels double from stage to stage, its max-pool halves both sides."""


class Cnn(SiteModel):
    """Stages of two 3x3 convolutions with ReLU and a 2x2 max-pool, channels w, 2w, 4w; then a linear layer.

    Convolutions keep their biases whether or not a norm follows, so that arms differ in nothing but their
    stacks.
    """

    evaluation_piece = 125

    def __init__(self, task: ImageData, *, width: int) -> None:
        """`width`: channels of the first stage. Raises ValueError for pictures below 8x8 pixels."""
        super().__init__()
        channels, height, columns = task.shape
        if min(height, columns) < 8:
            raise ValueError(f"the cnn halves its pictures three times and needs 8x8 pixels, got {height}x{columns}")
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        for stage, layers in enumerate(STAGES):
            outputs = width << stage
            for layer in layers:
                self.add_module(layer, nn.Conv2d(channels, outputs, kernel_size=3, padding=1))
                self.add_module(f"{layer}_out", Place("conv", layer, outputs))
                self.add_module(f"{layer}_active", Place("activation", layer, outputs))
                channels = outputs
            self.add_module(f"block{stage + 1}", Place("block", f"block{stage + 1}", channels))
        features = channels * (height // 8) * (columns // 8)
        self.head_in = Place("head", "head", features)
        self.head = nn.Linear(features, len(task.classes))

    def forward(self, images: Tensor) -> Tensor:
        x = self.input(self.standardize(images))  # (B, C, H, W)
        for stage, layers in enumerate(STAGES):
            for layer in layers:
                x = getattr(self, f"{layer}_out")(getattr(self, layer)(x))
                x = getattr(self, f"{layer}_active")(F.relu(x))
            x = getattr(self, f"block{stage + 1}")(F.max_pool2d(x, 2))  # (B, w << stage, H >> stage + 1, ...)
        logits: Tensor = self.head(self.head_in(x.flatten(1)))  # (B, K)
        return logits
