"""The size of the weights: what decay, L2 and L1 are about."""

from __future__ import annotations

import torch
from torch import nn

from regtui.engine.studies.base import Found, curve
from regtui.engine.training import Training

TINY = 1e-3
"""Below this share of the largest weight of its layer a weight counts as practically zero."""
BINS = 41


@torch.no_grad()
def weights(training: Training, model: nn.Module) -> Found:  # noqa: ARG001  # all studies are called alike
    """L2 norm, share near zero and histogram (of +-4 standard deviations) of all weights but biases and norms."""
    found = [parameter.float() for parameter in model.parameters() if parameter.ndim > 1]
    flat = torch.cat([weight.flatten() for weight in found])
    tiny = sum(int((weight.abs() < TINY * weight.abs().max()).sum()) for weight in found)
    edge = 4 * float(flat.std())
    counts = torch.histc(flat, BINS, -edge, edge)
    centers = (torch.arange(BINS) - BINS // 2) * (2 * edge / BINS)
    return Found(
        values={
            "norm": float(flat.norm()),
            "near_zero": 100 * tiny / flat.numel(),
            "exact_zeros": float((flat == 0).double().mean() * 100),
        },
        curves=[curve(centers, counts.cpu() * 100 / flat.numel())],
    )
