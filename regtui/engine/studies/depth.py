"""Signal and gradients by depth: what the first weights make of a first batch, layer by layer.

Measured before the first step on the first training samples, as many as a batch has, without augmentation and Dropout;
BatchNorm takes the statistics of that batch. Nothing is trained and no gradient is kept.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.sites import Place
from regtui.engine.studies.base import Found, channel_rows, curve, hooked, normalize_by_batch
from regtui.engine.training import Training
from regtui.events import StudyCurve

SHOWN = 60
"""Points of a curve at most."""


@torch.no_grad()
def signal(training: Training, model: nn.Module) -> Found:
    """Standard deviation of the output of each layer, over all values of the batch but padding."""
    layers, size = _layers(model), training.spec.train.batch_size
    if not layers:
        return Found({"ratio": math.nan, "last": math.nan})
    spreads: dict[str, Tensor] = {}

    def see(place: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(place, Place)
        spreads[place.layer] = channel_rows(*inputs).std(correction=0)

    normalize_by_batch(model)
    with hooked(layers.values(), see, before=True):
        model(training.task.clean.inputs[:size])
    by_layer = torch.stack([spreads[layer] for layer in layers]).double().cpu()
    return Found({"ratio": float(by_layer[-1] / by_layer[0]), "last": float(by_layer[-1])}, [_by_depth(by_layer)])


def gradients(training: Training, model: nn.Module) -> Found:
    """Norm of the gradient of the loss for the weights of each layer, but for those that a network holds fast.

    Of a transformer these are the first matrices of the hidden layers of its blocks. Theorem 1 of Xiong et al. 2020
    (https://arxiv.org/abs/2002.04745) is about the second ones: larger in the last block of post-LN than of pre-LN, by
    the root of the number of blocks.
    """
    clean, size = training.task.clean, training.spec.train.batch_size
    weights = [model.get_submodule(layer).get_parameter("weight") for layer in _layers(model)]
    weights = [weight for weight in weights if weight.requires_grad]
    if not weights:
        return Found(dict.fromkeys(("ratio", "last", "largest", "smallest"), math.nan))
    normalize_by_batch(model)
    with torch.enable_grad():
        loss = F.cross_entropy(model(clean.inputs[:size]), clean.labels[:size])
        found = torch.autograd.grad(loss, weights)
    by_layer = torch.stack([gradient.norm() for gradient in found]).double().cpu()
    values = {
        "ratio": float(by_layer[-1] / by_layer[0]),
        "last": float(by_layer[-1]),
        "largest": float(by_layer.max()),
        "smallest": float(by_layer.min()),
    }
    return Found(values, [_by_depth(by_layer)])


def _layers(model: nn.Module) -> dict[str, Place]:
    """The places behind convolutions and hidden linear layers, by the name of the layer, in the order of the pass."""
    places = (module for module in model.modules() if isinstance(module, Place))
    return {place.layer: place for place in places if place.site in ("conv", "linear")}


def _by_depth(by_layer: Tensor) -> StudyCurve:
    """At most SHOWN of the layers, numbered from 1, the first and the last among them."""
    shown = torch.linspace(0, len(by_layer) - 1, min(SHOWN, len(by_layer))).round().long()
    return curve(shown + 1, by_layer[shown])
