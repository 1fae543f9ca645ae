"""What a task of pictures is, and what it is chosen from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from regtui.engine.splits import TaskData


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageData(TaskData):
    """A task of pictures."""

    shape: tuple[int, int, int]
    """(C, H, W)"""
    mean: Tensor
    """(C,) of the whole official training set, not of the split, so that arms and seeds agree on it."""
    std: Tensor
    """(C,)"""


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded data set of pictures, on the CPU."""

    train: Tensor
    """(N, C, H, W) uint8; training and validation images are chosen from these."""
    train_labels: Tensor
    """(N,) long."""
    test: Tensor
    test_labels: Tensor
    mean: tuple[float, ...]
    """A number a channel, of pixels in [0, 1]."""
    std: tuple[float, ...]
