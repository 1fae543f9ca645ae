"""What enters the BatchNorms of a model that is not ours: of one batch, and of a whole split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.metrics import significant

CHANNELS = 16
"""Channels of a norm layer that are reported, the first ones; the engine's probes report as many."""


class SetStatistics:
    """Statistics of what enters each BatchNorm over many batches.

    Batches are merged with the parallel formula of Chan, Golub & LeVeque 1979 (Stanford STAN-CS-79-773) in double
    precision.
    """

    def __init__(self, norms: Mapping[str, _BatchNorm]) -> None:
        self._norms = norms
        self._merged: dict[str, tuple[int, Tensor, Tensor]] = {}  # count, mean (C,), squared deviations (C,)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on the norms while the model is evaluated."""
        handles = [
            norm.register_forward_pre_hook(lambda _, inputs, name=name: self._see(name, *inputs[:1]))
            for name, norm in self._norms.items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def of(self, name: str) -> tuple[list[float], list[float]]:
        """Mean and unbiased variance of the first channels; empty lists for a norm that was not passed."""
        if name not in self._merged:
            return [], []
        count, mean, squares = self._merged[name]
        return numbers(mean), numbers(squares / max(count - 1, 1))

    def _see(self, name: str, *inputs: Tensor) -> None:
        if not inputs:  # it was called by keyword
            return
        (mean, biased), here = channel_statistics(inputs[0])
        mean, squares = _precise(mean), _precise(biased) * here
        if name in self._merged:
            before, old_mean, old_squares = self._merged[name]
            distance = mean - old_mean
            squares = old_squares + squares + distance**2 * (before * here / (before + here))
            mean = old_mean + distance * (here / (before + here))
            here += before
        self._merged[name] = here, mean, squares


def channel_statistics(x: Tensor) -> tuple[Tensor, int]:
    """Mean and biased variance, (2, C'), of the first channels of (B, C, ...); values a channel."""
    shown = x.detach()[:, :CHANNELS].float()
    axes = all_but_channels(shown)
    # Two passes are as exact as torch.var_mean and ten times faster on a CPU, which has no vector code for that one.
    mean = shown.mean(axes, keepdim=True)
    return torch.stack((mean.flatten(), (shown - mean).square_().mean(axes))), shown.numel() // max(shown.shape[1], 1)


def _precise(values: Tensor) -> Tensor:
    """In double precision; on the CPU where an Apple GPU has none."""
    return (values.cpu() if values.device.type == "mps" else values).double()


def all_but_channels(x: Tensor, channels: int = 1) -> list[int]:
    """The dimensions of a tensor but that of its channels."""
    return [axis for axis in range(x.ndim) if axis != channels % x.ndim]


def numbers(values: Tensor | None) -> list[float]:
    """The first channels as short floats; none for statistics that a norm does not keep."""
    return [] if values is None else [significant(value) for value in values[:CHANNELS].tolist()]
