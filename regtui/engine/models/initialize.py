"""Initial parameters: one generator for each, keyed by its name.

A module that a stack adds therefore leaves all other initial weights as they were, bit for bit and on every
device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.models.norms import Norm
from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import derive


@torch.no_grad()
def initialize(model: SiteModel, seed: int) -> None:
    """Draw every parameter anew, in place, as the model says; then copy those of its checkpoint, if it has one.

    Norms start as the identity, their running averages at mean 0 and variance 1.

    Call it after the stack has been built. Raises TypeError for parameters of a kind of module that neither is a
    norm nor known to the model.
    """
    for path, module in model.named_modules():
        if isinstance(module, (_BatchNorm, Norm, nn.LayerNorm, nn.GroupNorm)):
            module.reset_parameters()
            continue
        for name, parameter in module.named_parameters(recurse=False):
            generator = torch.Generator().manual_seed(derive(seed, f"init/{path}.{name}"))
            try:
                parameter.copy_(model.initial(module, name, generator))
            except TypeError as error:
                raise TypeError(f"{path} is a {error}") from None
    model.begin(seed)
    parameters = dict(model.named_parameters())
    for name, value in model.checkpoint().items():
        if name in parameters:  # a norm may have been taken out or exchanged
            rows = min(len(value), len(parameters[name]))
            parameters[name][:rows].copy_(value[:rows])


def he(module: nn.Conv2d, generator: torch.Generator) -> Tensor:
    """Weights of variance 2 / fan_out, which keep the gradients of a ReLU network at their size.

    He et al. 2015, section 2.2, https://arxiv.org/abs/1502.01852; as torchvision's ResNets and EfficientNets begin.
    """
    fan_out = module.weight.shape[0] // module.groups * module.weight[0, 0].numel()
    return torch.empty(module.weight.shape).normal_(0, math.sqrt(2 / fan_out), generator=generator)
