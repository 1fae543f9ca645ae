"""The noise of the batch mean: what a sample's mates in the batch do to the mean that BatchNorm takes away."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.studies.base import Found, curve, generator, hooked
from regtui.engine.training import Training

SIZES = (2, 4, 8, 16, 32, 64, 128)
"""Samples in a batch."""
BATCHES = 1000
"""Random batches of each size: the deviation of a channel's mean is then known to about 2 %."""
SAMPLES = 512
"""Training samples at most that the batches are drawn from."""


@torch.no_grad()
def batch_noise(training: Training, model: nn.Module) -> Found:
    """Deviation of batch means by batch size, of what enters the BatchNorms, in deviations of the channel.

    Root of the mean square over all channels that are not constant. The samples are clean training samples, drawn with
    replacement, as from the world: batches that part a small training set miss its mean by less when they are large.
    What enters is taken in eval mode, so that it is the noise of one layer's mean alone, not of those before it.
    """
    inputs, size = training.task.clean.inputs[:SAMPLES], training.spec.train.evaluation_batch
    sums: dict[nn.Module, list[tuple[Tensor, Tensor, Tensor]]] = {
        module: [] for module in model.modules() if isinstance(module, _BatchNorm)
    }
    if not sums:
        return Found(dict.fromkeys(("slope", "noise_4", "noise_64", "ratio_4_64"), math.nan))

    def see(norm: nn.Module, given: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
        sums[norm].append(_sample_sums(given[0], more.get("mask") if getattr(norm, "masked", True) else None))

    with hooked(sums, see, before=True, with_kwargs=True):
        for first in range(0, len(inputs), size):
            model(inputs[first : first + size])
    layers = [[torch.cat(parts) for parts in zip(*seen, strict=True)] for seen in sums.values()]
    draws = generator(training, "batch_noise")
    noise = []
    for batch in SIZES:
        chosen = torch.randint(len(inputs), (BATCHES, batch), generator=draws)
        times = torch.zeros(BATCHES, len(inputs), dtype=torch.float64).scatter_add_(
            1, chosen, torch.ones_like(chosen, dtype=torch.float64)
        )
        times = times.to(inputs.device)  # (R, N): how often a sample is in a batch
        variances = torch.cat([relative_variance(times, *layer) for layer in layers])
        noise.append(variances.nanmean().sqrt())
    by_size = torch.stack(noise).cpu()
    size_axis = torch.tensor(SIZES, dtype=torch.float64)
    law = size_axis.rsqrt() * (by_size * size_axis.sqrt()).log().mean().exp()
    return Found(
        values={
            "slope": slope(size_axis.log(), by_size.log()),
            "noise_4": float(by_size[SIZES.index(4)]),
            "noise_64": float(by_size[SIZES.index(64)]),
            "ratio_4_64": float(by_size[SIZES.index(4)] / by_size[SIZES.index(64)]),
        },
        curves=[curve(size_axis, by_size), curve(size_axis, law, "c / sqrt(B)", is_reference=True)],
    )


def relative_variance(times: Tensor, sums: Tensor, squares: Tensor, counts: Tensor) -> Tensor:
    """Variance of batch means about the mean of all, over the channel's variance, (C,); NaN for constant channels.

    times          (R, N) how often each sample is in each of R batches
    sums, squares  (N, C) of each sample: the sum of its values in a channel, and of their squares
    counts         (N,) values of a sample in a channel: pixels, or words
    """
    mean = sums.sum(0) / counts.sum()  # (C,)
    variance = (squares.sum(0) / counts.sum() - mean.square()).clamp(min=0)
    means = (times @ sums) / (times @ counts)[:, None]  # (R, C)
    found = (means - mean).square().mean(0) / variance
    return torch.where(variance > 1e-12 * squares.sum(0) / counts.sum(), found, math.nan)


def slope(x: Tensor, y: Tensor) -> float:
    """Of the straight line of least squares through (N,) points."""
    away = x - x.mean()
    return float((away * (y - y.mean())).sum() / away.square().sum())


def _sample_sums(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Sums and sums of squares of each sample, (B, C) each, and its values a channel, (B,), in double precision."""
    if x.ndim == 4:
        x = x.flatten(2).transpose(1, 2)  # (B, H * W, C)
    x = x.double() if x.ndim == 3 else x.double()[:, None]  # (B, V, C)
    counted = torch.ones(x.shape[:2], device=x.device) if mask is None else mask
    share = counted.to(x.dtype)[:, :, None]
    return (x * share).sum(1), (x.square() * share).sum(1), share.sum((1, 2))
