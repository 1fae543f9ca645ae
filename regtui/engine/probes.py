"""Measurements of the inside of the network, taken on the very forward and backward pass of a training step.

Nothing is computed twice, no generator is touched and no buffer is written, so a probed run trains the same network as
an unprobed one, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine import hooks
from regtui.engine.histogram import histograms, thinned
from regtui.engine.metrics import significant
from regtui.engine.models.norms import batch_statistics
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.models.split_norms import GhostBatchNorm, SyncBatchNorm
from regtui.engine.norm_statistics import (
    Statistics,
    all_but_channels,
    channel_statistics,
    counted,
    norm_modules,
    numbers,
)
from regtui.engine.origin import Origin, layer_weights
from regtui.events import LayerInside, NormLayer

Seen = tuple[dict[str, Tensor], ...]
"""What a probe saw of one step, on the device."""


class StepProbe:
    """What hooks see of one training step: `watching()` around its forward pass, `after_backward()`, then the readings.

    A layer's output is the tensor that enters its conv or linear place: before norm, dropout and activation. What
    leaves the place enters the activation.
    """

    def __init__(self, model: SiteModel) -> None:
        self._model = model
        self._norms = norm_modules(model)
        self._layers = {place.layer: place for place in model.places() if place.site in ("conv", "linear")}
        self._activations = {place.layer: place for place in model.places("activation")}
        self.show(({}, {}, {}, {}, {}, {}))

    def seen(self) -> Seen:
        """What the latest step that was watched left here: a replay of that step writes into the same tensors."""
        return self._outputs, self._entering, self._dead, self._gradients, self._inputs, self._counts

    def show(self, seen: Seen) -> None:
        """Have the readings be of another step that was watched."""
        self._outputs, self._entering, self._dead, self._gradients, self._inputs, self._counts = seen

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on layers, activations and norms. What was seen before is not of this step: a network of the user's own
        may leave layers out."""
        self.show(({}, {}, {}, {}, {}, {}))

        def see_output(place: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            assert isinstance(place, Place)
            x = inputs[0].detach().float()
            if len(inputs) == 1:
                mean = x.mean()
                self._outputs[place.layer] = torch.stack((mean, (x - mean).square_().mean().sqrt()))
            else:  # a text: padding is nobody's signal
                means, variances, _ = batch_statistics(x, inputs[1])
                mean = means.mean()
                self._outputs[place.layer] = torch.stack((mean, (variances + (means - mean) ** 2).mean().sqrt()))

        def see_entering(place: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            assert isinstance(place, Place)
            self._entering[place.layer] = thinned(output.detach(), *inputs[1:]).float()

        def see_activation(place: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            assert isinstance(place, Place)
            if place.layer in self._layers:
                x = inputs[0].detach()
                self._dead[place.layer] = (x.abs().sum(all_but_channels(x)) == 0).float().mean()

        names: dict[nn.Module, str] = {module: name for name, (_, module) in self._norms.items()}

        def see_norm(norm: nn.Module, inputs: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
            x, mask = inputs[0].detach(), counted(norm, more)
            if isinstance(norm, (GhostBatchNorm, SyncBatchNorm)):
                mean, biased, count = norm.seen(x, mask, channel_statistics)
            else:
                mean, biased, count = channel_statistics(x, mask)
            self._counts[names[norm]] = count
            self._inputs[names[norm]] = torch.stack((mean, biased))

        with (
            hooks.before(self._layers.values(), see_output),
            hooks.after(self._layers.values(), see_entering),
            hooks.before(self._activations.values(), see_activation),
            hooks.before(names, see_norm, with_kwargs=True),
        ):
            yield

    def after_backward(self) -> None:
        """Note the gradients, before the stack changes them."""
        for layer, weight in layer_weights(self._model).items():
            # A model of the user's own may hold some weights fast, and compute others from what it trains.
            if weight.is_leaf and weight.grad is not None:
                self._gradients[layer] = weight.grad.norm()

    def inside(self, origin: Origin | None = None) -> list[LayerInside]:
        """The layers that were passed, in the order of the model; weights as they are now, and how far they are from
        `origin`."""
        found = []
        weights = {layer: weight for layer, weight in layer_weights(self._model).items() if layer in self._entering}
        spreads = histograms([self._entering[layer] for layer in weights])
        for (layer, weight), histogram in zip(weights.items(), spreads, strict=True):
            mean, std = numbers(self._outputs[layer])
            drift = origin.drift(layer, weight).item() if origin else math.nan
            found.append(
                LayerInside(
                    name=layer,
                    mean=mean,
                    std=std,
                    dead=significant(self._dead[layer].item()) if layer in self._dead else 0.0,
                    grad=significant(self._gradients[layer].item()) if layer in self._gradients else 0.0,
                    weight=significant(weight.detach().norm().item()),
                    drift=significant(drift) if math.isfinite(drift) else None,
                    histogram=histogram,
                )
            )
        return found

    def for_judges(self, layers: Iterable[LayerInside]) -> list[LayerInside]:
        """What `inside` gave, but a gradient that there is none of is no number, where 0 would be one that vanished."""
        return [
            layer if layer.name in self._gradients else msgspec.structs.replace(layer, grad=math.nan)
            for layer in layers
        ]

    def norms(self, whole_set: Statistics) -> list[NormLayer]:
        """The norm layers that were passed; running statistics as they are now. `whole_set` is empty off the evaluation
        points."""
        found = []
        for name, (kind, norm) in self._norms.items():
            if name not in self._counts:
                continue
            n = int(self._counts[name])
            mean, biased = self._inputs[name]
            set_mean, set_var = whole_set.get(name, ([], []))
            found.append(
                NormLayer(
                    name=name,
                    kind=kind,
                    channels=norm.num_features,
                    batch_mean=numbers(mean),
                    batch_var=numbers(biased * (n / max(n - 1, 1))),
                    count=n,
                    running_mean=numbers(norm.running_mean if isinstance(norm, _BatchNorm) else None),
                    running_var=numbers(norm.running_var if isinstance(norm, _BatchNorm) else None),
                    set_mean=set_mean,
                    set_var=set_var,
                )
            )
        return found


def first_non_finite_layer(model: SiteModel, inputs: Tensor) -> str:
    """Name of the first layer whose output on these inputs is not finite; "" if all are.

    Runs an extra forward pass in the mode the model is in: only for a run that is over.
    """
    found: list[str] = []

    def look(place: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(place, Place)
        if not found and not bool(torch.isfinite(inputs[0]).all()):
            found.append(place.layer)

    with torch.no_grad(), hooks.before(model.places(), look):
        logits = model(inputs)
    if not found and not bool(torch.isfinite(logits).all()):
        found.append("head")
    return found[0] if found else ""
