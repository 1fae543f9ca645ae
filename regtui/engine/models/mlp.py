"""A multi-layer perceptron: fully connected layers with ReLU on the flattened picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData


class Mlp(SiteModel):
    """`depth` hidden linear layers of `width` units, linear1 to linearN, and the linear head."""

    def __init__(self, task: ImageData, *, width: int, depth: int) -> None:
        """`width` is the number of units of a hidden layer, `depth` >= 1 the number of hidden layers."""
        super().__init__()
        channels, height, columns = task.shape
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        self.hidden = tuple(f"linear{number}" for number in range(1, depth + 1))
        features = channels * height * columns
        for layer in self.hidden:
            self.add_module(layer, nn.Linear(features, width))
            self.add_module(f"{layer}_out", Place("linear", layer, width))
            self.add_module(f"{layer}_active", Place("activation", layer, width))
            features = width
        self.head_in = Place("head", "head", features)
        self.head = nn.Linear(features, len(task.classes))

    def forward(self, images: Tensor) -> Tensor:
        x = self.input(self.standardize(images)).flatten(1)  # (B, C * H * W)
        for layer in self.hidden:
            x = getattr(self, f"{layer}_out")(getattr(self, layer)(x))  # (B, width)
            x = getattr(self, f"{layer}_active")(F.relu(x))
        logits: Tensor = self.head(self.head_in(x))  # (B, K)
        return logits
