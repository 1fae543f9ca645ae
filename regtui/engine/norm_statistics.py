"""What enters the norms of a network: their names, the statistics of a batch, and those of a whole split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine import hooks
from regtui.engine.metrics import significant
from regtui.engine.models.norms import Norm, batch_statistics
from regtui.engine.models.sites import Place

CHANNELS = 16
"""Channels of a norm layer that are reported, the first ones."""

Statistics = dict[str, tuple[list[float], list[float]]]
"""Mean and unbiased variance a channel, of each norm by its name."""


def norm_modules(model: nn.Module) -> dict[str, tuple[str, _BatchNorm | Norm]]:
    """Every norm in a place of the model: its name, e.g. conv3.norm, to (catalog name, module).

    A layer's second norm is called conv3.norm2.
    """
    found: dict[str, tuple[str, _BatchNorm | Norm]] = {}
    counts: Counter[str] = Counter()
    for place in model.modules():
        if isinstance(place, Place):
            for name, module in place.named_children():
                if isinstance(module, (_BatchNorm, Norm)):
                    counts[place.layer] += 1
                    number = counts[place.layer]
                    found[f"{place.layer}.norm{number if number > 1 else ''}"] = (name, module)
    return found


class SetProbe:
    """Statistics of what enters each BatchNorm over a whole split, gathered by hooks while it is evaluated.

    Batches are merged with the parallel formula of Chan, Golub & LeVeque 1979 (Stanford STAN-CS-79-773) in double
    precision, so that means far from 0 cost no digits of the variance.
    """

    def __init__(self, model: nn.Module) -> None:
        self._names: dict[nn.Module, str] = {
            module: name for name, (_, module) in norm_modules(model).items() if isinstance(module, _BatchNorm)
        }
        self._merged: dict[str, tuple[Tensor, Tensor, Tensor]] = {}  # count, mean (C,), squared deviations (C,)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on the norms while the model is evaluated."""
        with hooks.before(self._names, self._see, with_kwargs=True):
            yield

    def statistics(self) -> Statistics:
        """Mean and unbiased variance over every value seen."""
        return {
            name: (numbers(mean), numbers(squares / (count - 1).clamp(min=1)))
            for name, (count, mean, squares) in self._merged.items()
        }

    def _see(self, norm: nn.Module, inputs: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
        mean, biased, here = (part.double() for part in channel_statistics(inputs[0].detach(), counted(norm, more)))
        squares = biased * here
        name = self._names[norm]
        if name in self._merged:
            before, old_mean, old_squares = self._merged[name]
            distance = mean - old_mean
            squares = old_squares + squares + distance**2 * (before * here / (before + here))
            mean = old_mean + distance * (here / (before + here))
            here = here + before
        self._merged[name] = here, mean, squares


def counted(norm: nn.Module, more: dict[str, Tensor | None]) -> Tensor | None:
    """The mask of the words that a norm counts, None where it counts all."""
    return more.get("mask") if getattr(norm, "masked", True) else None


def channel_statistics(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance, (C',) each, of the first channels of (B, C, ...) or (B, L, C); values a channel, ()."""
    if x.ndim == 3:
        return batch_statistics(x[:, :, :CHANNELS], mask)
    shown = x[:, :CHANNELS].float()
    # Two passes are as exact as torch.var_mean and ten times faster on a CPU, which has no vector code for that one.
    mean = shown.mean(all_but_channels(x), keepdim=True)  # (1, C', 1, 1)
    count = torch.full((), x.numel() // x.shape[1], device=x.device)
    return mean.flatten(), (shown - mean).square_().mean(all_but_channels(x)), count


def all_but_channels(x: Tensor) -> list[int]:
    channels = 2 if x.ndim == 3 else 1
    return [axis for axis in range(x.ndim) if axis != channels]


def numbers(values: Tensor | None) -> list[float]:
    """The first channels as short floats; empty for statistics that a norm does not keep."""
    return [] if values is None else [significant(value) for value in values[:CHANNELS].tolist()]
