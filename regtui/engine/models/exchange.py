"""What is exchanged in the network of somebody else: layers for layers with a place, norms for entries of a stack."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.catalog import REGULARIZERS
from regtui.engine.models.traced import Call, Trace
from regtui.spec import Scalar

NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.instancenorm._InstanceNorm)


class Then(nn.Module):
    """A layer of the network and a place behind it, or before it; in all else it passes for the layer."""

    def __init__(self, layer: nn.Module, place: nn.Module, *, before: bool = False) -> None:
        super().__init__()
        self.regtui_layer, self.regtui_place, self.before = layer, place, before

    def forward(self, x: Tensor, *more: Any, **named: Any) -> Any:
        if self.before:
            return self.regtui_layer(self.regtui_place(x), *more, **named)
        return self.regtui_place(self.regtui_layer(x, *more, **named))

    def __getattr__(self, name: str) -> Any:
        """What the layer has, its author's code may ask for."""
        modules = self.__dict__.get("_modules", {})
        if name in modules or "regtui_layer" not in modules:
            return super().__getattr__(name)
        return getattr(modules["regtui_layer"], name)


def norm_entry(call: Call) -> tuple[str, dict[str, Scalar]] | None:
    """The entry of a stack that is the same as a norm; None where there is none."""
    norm = call.module
    found: tuple[str, dict[str, Scalar]] | None = None
    if type(norm) in (nn.BatchNorm2d, nn.BatchNorm1d) and norm.affine and norm.track_running_stats and call.ndim != 3:
        assert isinstance(norm, _BatchNorm)
        params: dict[str, Scalar] = {"momentum": 0.1 if norm.momentum is None else norm.momentum, "eps": norm.eps}
        found = "batchnorm", {**params, "statistics": "cumulative"} if norm.momentum is None else params
    elif type(norm) is nn.GroupNorm and norm.affine:
        one: dict[str, Scalar] = {"groups": norm.num_groups} if norm.num_groups > 1 else {}
        found = "groupnorm" if one else "layernorm", {**one, "eps": norm.eps}
    elif type(norm) is nn.LayerNorm and norm.elementwise_affine and norm.bias is not None and call.ndim != 4:
        found = ("layernorm", {"eps": norm.eps}) if norm.normalized_shape == (call.width,) else None
    if found is None:
        return None
    record = REGULARIZERS[found[0]]
    fits = all(record.param(name).problem(value) is None for name, value in found[1].items())
    return found if fits else None


def layer_before(call: Call, found: Trace) -> str:
    """The convolution or linear layer whose output an activation takes, past a norm; else the activation itself."""
    feeder = found.calls.get(call.fed_by)
    if feeder is not None and isinstance(feeder.module, NORMS):
        feeder = found.calls.get(feeder.fed_by)
    return feeder.path if feeder is not None and isinstance(feeder.module, (nn.Conv2d, nn.Linear)) else call.path


def share(call: Call) -> float:
    """The probability of a dropout."""
    assert isinstance(call.module, nn.Dropout)
    return float(call.module.p)


def listed(names: list[str]) -> str:
    """The first three names and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
