"""Any model from inside: its layers and BatchNorms by module type, seen by hooks on the training's own passes.

Nothing is computed twice and no buffer or generator is touched. A layer is a linear map or a convolution; its output
is what leaves it, before norm and activation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.utils.hooks import RemovableHandle

from regtui.engine.metrics import significant
from regtui.events import LayerInside, NormLayer
from regtui.monitor.hooks import Hook
from regtui.monitor.norms import SetStatistics, all_but_channels, channel_statistics, numbers

MOST_LAYERS = 64
"""Layers that are reported; of a deeper model an even choice, first and last included."""
ZEROING = (nn.ReLU, nn.ReLU6, nn.Threshold, nn.Hardswish, nn.Hardshrink, nn.Softshrink)
"""Activations whose output can be exactly 0: only there a unit can be told to be dead."""


class Layers:
    """The layers and norms of a model, by the names that `named_modules` gives them."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        layers = {name or "model": module for name, module in model.named_modules() if _is_layer(module)}
        self.layers = _thinned(layers)
        self.others = [module for name, module in layers.items() if name not in self.layers]
        """Layers that are not reported."""
        self.norms = _thinned({name: m for name, m in model.named_modules() if isinstance(m, _BatchNorm)})
        self.activations = {name: m for name, m in model.named_modules() if isinstance(m, ZEROING)}


class StepWatch:
    """Hooks for one training step: attach, let the training do its step, read, detach."""

    def __init__(self, watched: Layers, paid: Callable[[float], None]) -> None:
        """`paid` is told the seconds that each hook took."""
        self._watched, self._paid = watched, paid
        self._outputs: dict[str, Tensor] = {}
        self._dead: dict[str, Tensor] = {}
        self._gradients: dict[str, Tensor] = {}
        self._inputs: dict[str, tuple[Tensor, int]] = {}
        self._latest = ""
        """The layer that was passed last; "" where it is not reported."""
        self._handles: list[RemovableHandle] = []
        self._trouble: Exception | None = None

    def attach(self) -> None:
        """From now on passes in train mode are seen; the latest one counts."""
        watched = self._watched
        for name, layer in watched.layers.items():
            self._handles.append(layer.register_forward_hook(self._hook(self._see_output, name)))
            weight = layer.weight
            assert isinstance(weight, Tensor)
            if weight.requires_grad and weight.is_leaf:
                see = self._hook(self._see_gradient, name)
                handle = weight.register_post_accumulate_grad_hook(see)  # type: ignore[no-untyped-call]
                self._handles.append(handle)
        for layer in watched.others:
            self._handles.append(layer.register_forward_hook(self._hook(self._see_other, "")))
        for name, activation in watched.activations.items():
            self._handles.append(activation.register_forward_hook(self._hook(self._see_activation, name)))
        for name, norm in watched.norms.items():
            self._handles.append(norm.register_forward_pre_hook(self._hook(self._see_norm, name)))

    def detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    @property
    def saw_anything(self) -> bool:
        """False where no pass was made in train mode, or the layers are compiled. Raises what a hook failed with."""
        if self._trouble is not None:
            raise self._trouble
        return bool(self._outputs or self._inputs)

    def inside(self, scale: float = 1.0) -> list[LayerInside]:
        """The layers that were passed, in the order of the model; weights as they are now.

        scale  what the loss was multiplied with before the backward pass (mixed precision)
        """
        found = []
        for name, layer in self._watched.layers.items():
            if name not in self._outputs:
                continue
            mean, std = self._outputs[name].tolist()
            gradient = self._gradients.get(name)
            weight = layer.weight
            assert isinstance(weight, Tensor)
            found.append(
                LayerInside(
                    name=name,
                    mean=significant(mean),
                    std=significant(std),
                    dead=significant(self._dead[name].item()) if name in self._dead else 0.0,
                    grad=0.0 if gradient is None else significant(gradient.item() / scale),
                    weight=significant(_length(weight.detach().float()).item()),
                )
            )
        return found

    def for_judges(self, layers: Iterable[LayerInside], *, is_scaled: bool) -> list[LayerInside]:
        """What `inside` gave, but a gradient that was not seen is no number, where 0 would be one that vanished.

        is_scaled  by a GradScaler, which looks for its scale with gradients that overflow, and skips their steps
        """
        return [
            layer
            if layer.name in self._gradients and (math.isfinite(layer.grad) or not is_scaled)
            else msgspec.structs.replace(layer, grad=math.nan)
            for layer in layers
        ]

    def statistics(self, whole_set: SetStatistics | None) -> list[NormLayer]:
        """The BatchNorms; running statistics as they are now, those of the whole set where they have been gathered."""
        found = []
        for name, norm in self._watched.norms.items():
            if name not in self._inputs:
                continue
            (mean, biased), count = self._inputs[name]
            set_mean, set_var = whole_set.of(name) if whole_set else ([], [])
            found.append(
                NormLayer(
                    name=name,
                    kind="batchnorm",
                    channels=norm.num_features,
                    batch_mean=numbers(mean),
                    batch_var=numbers(biased * (count / max(count - 1, 1))),
                    count=count,
                    running_mean=numbers(norm.running_mean),
                    running_var=numbers(norm.running_var),
                    set_mean=set_mean,
                    set_var=set_var,
                )
            )
        return found

    def _hook(self, look: Callable[..., None], name: str) -> Hook:
        return Hook(look, name, self._paid, self._failed)

    def _failed(self, error: Exception) -> None:
        self._trouble = self._trouble or error

    def _see_output(self, name: str, layer: nn.Module, _: Any, output: Any) -> None:
        if layer.training and isinstance(output, Tensor):
            self._latest = ""
        if layer.training and isinstance(output, Tensor) and output.numel():  # an expert may be given no samples
            found = output.detach().float()
            mean = found.mean()
            self._outputs[name] = torch.stack((mean, _length(found - mean) / math.sqrt(max(found.numel(), 1))))
            self._latest = name

    def _see_other(self, _: str, layer: nn.Module, __: Any, ___: Any) -> None:
        if layer.training:
            self._latest = ""

    def _see_activation(self, _: str, activation: nn.Module, __: Any, output: Any) -> None:
        if activation.training and isinstance(output, Tensor) and output.numel() and self._latest:
            # Units are dimension 1 of convolutions, (B, C, ...), and the last one of linear layers, (B, ..., C).
            after_conv = isinstance(self._watched.layers[self._latest], _ConvNd)
            found = output.detach() if isinstance(activation, (nn.ReLU, nn.ReLU6)) else output.detach().abs()
            silent = found.amax(all_but_channels(output, 1 if after_conv else -1)) == 0
            self._dead.setdefault(self._latest, silent.float().mean())

    def _see_gradient(self, name: str, weight: Tensor) -> None:
        if weight.grad is not None:
            self._gradients[name] = _length(weight.grad.detach().float())

    def _see_norm(self, name: str, norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if norm.training and inputs:
            self._inputs[name] = channel_statistics(inputs[0])


def _length(values: Tensor) -> Tensor:
    """The L2 norm, (): as a product, which a CPU computes several times faster than `norm`."""
    flat = values.flatten()
    return torch.dot(flat, flat).sqrt()


def _is_layer(module: nn.Module) -> bool:
    # Hugging Face's GPT-2 has a linear layer of its own class, Conv1D, with a (in, out) weight.
    return isinstance(module, (nn.Linear, _ConvNd)) or type(module).__name__ == "Conv1D"


def _thinned(found: dict[str, Any]) -> dict[str, Any]:
    if len(found) <= MOST_LAYERS:
        return found
    names = list(found)
    last = len(names) - 1
    return {
        names[i]: found[names[i]] for i in sorted({round(last * k / (MOST_LAYERS - 1)) for k in range(MOST_LAYERS)})
    }
