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

    Only the norms are in train mode meanwhile: dropout would inflate their variance. Other than
    torch.optim.swa_utils.update_bn, which does the same with everything in train mode. Modes and momenta are put back.
    A model without such norms costs no pass.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.running_mean is not None]
    if not norms:
        return
    modes, momenta = [module.training for module in model.modules()], [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
        norm.train()
    size = len(inputs) // math.ceil(len(inputs) / BATCH)
    for first in range(0, len(inputs) - size + 1, size):
        model(inputs[first : first + size])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
