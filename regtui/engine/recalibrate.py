"""BatchNorm statistics measured anew, for weights that the running averages do not belong to."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

BATCH = 500
"""Samples a forward pass at most."""


@torch.no_grad()
def recalibrate(model: nn.Module, inputs: Tensor) -> None:
    """Replace the running statistics of every BatchNorm by the plain average over batches of these inputs.

    inputs  (N, ...) clean training samples; in equal batches of at most BATCH, up to one for each batch left out

    As torch.optim.swa_utils.update_bn, but only the norms are in train mode meanwhile: dropout would inflate their
    variance. Modes and momenta are put back. A model without such norms costs no pass.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and _measures(module)]
    if not norms:
        return
    modes, momenta = [module.training for module in model.modules()], [norm.momentum for norm in norms]
    try:
        model.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.train()
        for count, batch in enumerate(equal_batches(inputs)):
            for norm in norms:
                norm.momentum = 1 / (count + 1)  # makes the running average the plain one
            model(batch)
    finally:  # a pass may run out of memory where one only wanted to look
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, mode in zip(model.modules(), modes, strict=True):
            module.training = mode


def equal_batches(inputs: Tensor) -> list[Tensor]:
    """(N, ...) in equal batches of at most BATCH; up to one sample for each batch is left out."""
    size = len(inputs) // math.ceil(len(inputs) / BATCH)
    return [inputs[first : first + size] for first in range(0, len(inputs) // size * size, size)]


def _measures(norm: _BatchNorm) -> bool:
    """Whether it keeps running statistics and may change them: frozen ones stay as they are."""
    return norm.running_mean is not None and not bool(getattr(norm, "frozen", False))
