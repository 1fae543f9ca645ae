"""Factories as a user might write them."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def small(num_classes: int, in_chans: int = 3, width: int = 4) -> nn.Module:
    """A bare network: no norm, one dropout."""
    return nn.Sequential(
        nn.Conv2d(in_chans, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Conv2d(width, 2 * width, 3),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(2 * width, num_classes),
    )  # fmt: skip


class Odd(nn.Module):
    """A shared convolution, a functional dropout, a norm that is frozen, and attributes of a layer that it reads."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8, affine=False)
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, num_classes)
        self.first.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.first(x))
        assert self.first.out_channels == 8
        x = self.shared(F.relu(self.shared(x)))
        return self.head(F.dropout(x.mean((2, 3)), 0.5, self.training))


def three_outputs() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3))


halved = partial(small, width=2)
made = nn.Linear(3, 3)


class Gives(nn.Module):
    """Logits in what its author likes."""

    def __init__(self, num_classes: int, in_chans: int, kind: str = "") -> None:
        super().__init__()
        self.head, self.kind = nn.Linear(in_chans, num_classes), kind
        self.requires_grad_(kind != "frozen")

    def forward(self, x: Tensor) -> object:
        logits = self.head(x.mean((2, 3)))
        if self.kind == "nowhere":
            return self.missing(logits)
        if self.kind == "probabilities":
            return logits.softmax(1)
        if self.kind == "two in training":
            return (logits, x) if self.training else logits
        return {"frozen": logits, "tuple": (logits, x), "dict": {"logits": logits, "loss": None}, "nothing": None}[
            self.kind
        ]


def not_a_module(num_classes: int) -> Tensor:
    return torch.zeros(num_classes)


def failing(num_classes: int) -> nn.Module:
    raise RuntimeError(f"no {num_classes} today")


class Skipping(nn.Module):
    """Its first convolution is held fast; every second training pass leaves the branch out, as people write stochastic
    depth."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.branch, self.branch_norm = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, num_classes)
        self.stem.requires_grad_(False)
        self.passes = 0

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem_norm(self.stem(x)))
        self.passes += self.training
        if not self.training or self.passes % 2:
            x = x + self.branch_norm(self.branch(x))
        return self.head(x.mean((2, 3)))
