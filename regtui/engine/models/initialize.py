"""Initial parameters: one generator for each, keyed by its name.

A module that a stack adds therefore leaves all other initial weights as they were, bit for bit and on every
device.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import derive


@torch.no_grad()
def initialize(model: SiteModel, seed: int) -> None:
    """Draw every parameter anew, in place, with the distributions that PyTorch's layers use by default.

    Weights and biases of linear layers and convolutions are uniform in +-1/sqrt(fan_in), which is what
    torch.nn.init.kaiming_uniform_ with a = sqrt(5) comes to. Norms start as the identity, their running
    averages at mean 0 and variance 1.

    Call it after the stack has been built. Raises TypeError for parameters of any other kind of module.
    """
    for path, module in model.named_modules():
        own = dict(module.named_parameters(prefix=path, recurse=False))
        if not own:
            continue
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            bound = 1 / math.sqrt(module.weight[0].numel())  # numel of one output's weights is the fan-in
            for name, parameter in own.items():
                generator = torch.Generator().manual_seed(derive(seed, f"init/{name}"))
                parameter.copy_(torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator))
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)):
            module.reset_parameters()
        else:
            raise TypeError(f"{path} is a {type(module).__name__}, for which no initialization is known")
