"""Towards the normal distribution: what enters the activations, against N(0, 1)."""

from __future__ import annotations

import copy
import math
from collections import defaultdict

import torch
from torch import Tensor, nn

from regtui.engine import models
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.studies.base import Found, channel_rows, curve, generator, hooked, normalize_by_batch
from regtui.engine.training import Training
from regtui.events import StudyCurve

SAMPLES = 256
"""Training samples at most."""
VALUES = 65_536
"""Values of a layer at most, pixels or words drawn at random."""
EDGE, BINS = 4.0, 40
"""The histogram has so many bins from -EDGE to EDGE."""


@torch.no_grad()
def normality(training: Training, model: nn.Module) -> Found:
    """Distance of each layer's values to N(0, 1), of the network as it began and as it ended.

    Values leave the layer's place, where its norm is: they go into the activation, or into a sum before it. They are
    those of training: batches of clean training samples by whose statistics BatchNorm normalizes, without Dropout.
    The beginning has no other ones: its running averages have seen nothing yet.
    """
    begun = copy.deepcopy(model)
    assert isinstance(begun, SiteModel)
    models.initialize(begun, training.spec.seed)
    first, last = _layer_values(training, begun), _layer_values(training, model)
    shapes = [(values - values.mean(0)) / values.std(0, correction=0) for values in last]
    shapes = [values[:, values.isfinite().all(0)].flatten() for values in shapes]  # without channels that are constant
    shapes = [values for values in shapes if len(values)]
    middle = len(last) // 2
    histograms = [_histogram(first[middle], "start"), _histogram(last[middle], "end"), _bell()] if last else []
    return Found(
        values={
            "ks": _mean([normal_distance(values.flatten()) for values in last]),
            "ks_start": _mean([normal_distance(values.flatten()) for values in first]),
            "shape": _mean([normal_distance(values) for values in shapes]),
            "mean_offset": _mean([float(values.mean().abs()) for values in last]),
            "std": _mean([float(values.std(correction=0)) for values in last]),
            "kurtosis": _mean([float(values.pow(4).mean() - 3) for values in shapes]),
        },
        curves=histograms,
    )


def normal_distance(values: Tensor) -> float:
    """Kolmogorov-Smirnov distance of a sample, (N,), to N(0, 1): the largest difference of the distributions."""
    ordered = values.double().sort().values
    normal = torch.special.ndtr(ordered)
    steps = torch.arange(len(ordered) + 1, device=values.device, dtype=torch.float64) / len(ordered)
    return float(torch.maximum(normal - steps[:-1], steps[1:] - normal).max())


def _layer_values(training: Training, model: nn.Module) -> list[Tensor]:
    """(N, C) values of each layer in the order of the pass, thinned to VALUES."""
    places = [module for module in model.modules() if isinstance(module, Place) and module.site in ("conv", "linear")]
    draws, size = generator(training, "normality"), training.spec.train.batch_size
    inputs = training.task.clean.inputs[:SAMPLES]
    batches = max(1, len(inputs) // size)
    seen: dict[nn.Module, list[Tensor]] = defaultdict(list)

    def see(place: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        rows = channel_rows(output, *given[1:])
        kept = max(1, VALUES // (rows.shape[1] * batches))
        seen[place].append(rows[torch.randperm(len(rows), generator=draws)[:kept].to(rows.device)].double())

    normalize_by_batch(model)
    with hooked(places, see):
        for batch in range(batches):
            model(inputs[batch * size : (batch + 1) * size])
    return [torch.cat(seen[place]) for place in places]


def _histogram(values: Tensor, name: str) -> StudyCurve:
    counts = torch.histc(values.flatten().float(), BINS, -EDGE, EDGE).cpu()
    return curve(_centers(), counts / values.numel() * (BINS / (2 * EDGE)), name)


def _bell() -> StudyCurve:
    density = torch.exp(-_centers().square() / 2) / math.sqrt(2 * math.pi)
    return curve(_centers(), density, "N(0, 1)", is_reference=True)


def _centers() -> Tensor:
    return (torch.arange(BINS) + 0.5) * (2 * EDGE / BINS) - EDGE


def _mean(values: list[float]) -> float:
    """NaN without values."""
    return sum(values) / len(values) if values else math.nan
