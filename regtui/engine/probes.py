"""Measurements of the inside of the network, taken on the very forward and backward pass of a training step.

Nothing is computed twice, no generator is touched and no buffer is written, so a probed run trains the same network as
an unprobed one, bit for bit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine import hooks
from regtui.engine.histogram import histograms, thinned
from regtui.engine.metrics import significant
from regtui.engine.models.norms import Norm, batch_statistics
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.models.split_norms import GhostBatchNorm, SyncBatchNorm
from regtui.engine.origin import Origin, layer_weights
from regtui.events import LayerInside, NormLayer

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


class StepProbe:
    """What hooks see of one training step: `watching()` around its forward pass, `after_backward()`, then the readings.

    A layer's output is the tensor that enters its conv or linear place: before norm, dropout and activation. What
    leaves the place enters the activation.
    """

    def __init__(self, model: SiteModel) -> None:
        self._weights = layer_weights(model)
        self._norms = norm_modules(model)
        self._layers = {place.layer: place for place in model.places() if place.site in ("conv", "linear")}
        self._activations = {place.layer: place for place in model.places("activation")}
        self._outputs: dict[str, Tensor] = {}
        self._entering: dict[str, Tensor] = {}
        self._dead: dict[str, Tensor] = {}
        self._gradients: dict[str, Tensor] = {}
        self._inputs: dict[str, Tensor] = {}
        self._counts: dict[str, Tensor] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on layers, activations and norms."""

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
                self._dead[place.layer] = (x.abs().sum(_all_but_channels(x)) == 0).float().mean()

        names: dict[nn.Module, str] = {module: name for name, (_, module) in self._norms.items()}

        def see_norm(norm: nn.Module, inputs: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
            x, mask = inputs[0].detach(), _counted(norm, more)
            if isinstance(norm, (GhostBatchNorm, SyncBatchNorm)):
                mean, biased, count = norm.seen(x, mask, _channel_statistics)
            else:
                mean, biased, count = _channel_statistics(x, mask)
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
        for layer, weight in self._weights.items():
            gradient = weight.grad
            if gradient is not None:  # a model of the user's own may hold some weights fast
                self._gradients[layer] = gradient.norm()

    def inside(self, origin: Origin | None = None) -> list[LayerInside]:
        """The layers in the order of the forward pass; weights as they are now, and how far they are from `origin`."""
        found = []
        spreads = histograms([self._entering[layer] for layer in self._weights])
        for (layer, weight), histogram in zip(self._weights.items(), spreads, strict=True):
            mean, std = _numbers(self._outputs[layer])
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

    def norms(self, whole_set: Statistics) -> list[NormLayer]:
        """The norm layers; running statistics as they are now. `whole_set` is empty off the evaluation points."""
        found = []
        for name, (kind, norm) in self._norms.items():
            n = int(self._counts[name])
            mean, biased = self._inputs[name]
            set_mean, set_var = whole_set.get(name, ([], []))
            found.append(
                NormLayer(
                    name=name,
                    kind=kind,
                    channels=norm.num_features,
                    batch_mean=_numbers(mean),
                    batch_var=_numbers(biased * (n / max(n - 1, 1))),
                    count=n,
                    running_mean=_numbers(norm.running_mean if isinstance(norm, _BatchNorm) else None),
                    running_var=_numbers(norm.running_var if isinstance(norm, _BatchNorm) else None),
                    set_mean=set_mean,
                    set_var=set_var,
                )
            )
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
            name: (_numbers(mean), _numbers(squares / (count - 1).clamp(min=1)))
            for name, (count, mean, squares) in self._merged.items()
        }

    def _see(self, norm: nn.Module, inputs: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
        mean, biased, here = (part.double() for part in _channel_statistics(inputs[0].detach(), _counted(norm, more)))
        squares = biased * here
        name = self._names[norm]
        if name in self._merged:
            before, old_mean, old_squares = self._merged[name]
            distance = mean - old_mean
            squares = old_squares + squares + distance**2 * (before * here / (before + here))
            mean = old_mean + distance * (here / (before + here))
            here = here + before
        self._merged[name] = here, mean, squares


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


def _counted(norm: nn.Module, more: dict[str, Tensor | None]) -> Tensor | None:
    """The mask of the words that a norm counts, None where it counts all."""
    return more.get("mask") if getattr(norm, "masked", True) else None


def _channel_statistics(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance, (C',) each, of the first channels of (B, C, ...) or (B, L, C); values a channel, ()."""
    if x.ndim == 3:
        return batch_statistics(x[:, :, :CHANNELS], mask)
    shown = x[:, :CHANNELS].float()
    # Two passes are as exact as torch.var_mean and ten times faster on a CPU, which has no vector code for that one.
    mean = shown.mean(_all_but_channels(x), keepdim=True)  # (1, C', 1, 1)
    count = torch.full((), x.numel() // x.shape[1], device=x.device)
    return mean.flatten(), (shown - mean).square_().mean(_all_but_channels(x)), count


def _all_but_channels(x: Tensor) -> list[int]:
    channels = 2 if x.ndim == 3 else 1
    return [axis for axis in range(x.ndim) if axis != channels]


def _numbers(values: Tensor | None) -> list[float]:
    """The first channels as short floats; empty for statistics that a norm does not keep."""
    return [] if values is None else [significant(value) for value in values[:CHANNELS].tolist()]
