"""What a network does in one forward pass: which of its modules are called, how often, and what feeds what."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

SEQUENTIAL = (nn.Conv1d, nn.BatchNorm1d, nn.AvgPool1d, nn.MaxPool1d)
"""Layers whose outputs of three dimensions are (B, C, L)."""


@dataclass
class Call:
    """One module of a network in a forward pass."""

    path: str
    module: nn.Module
    calls: int = 0
    fed_by: str = ""
    """The leaf whose very output enters it; "" where something lies between."""
    ndim: int = 0
    """Dimensions of its output."""
    width: int = 0
    """Size of the output's dimension 1 for pictures and units, of the last one for (B, L, D)."""
    first: int = 0
    """Size of the output's dimension 0: 2 for a batch of two, else the batch is not what comes first."""
    is_sequence: bool = False
    """Its output is (B, C, L), as 1-dimensional convolutions give it: not words of features."""


@dataclass
class Trace:
    """The leaves in the order of their first call."""

    calls: dict[str, Call] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    """Leaves that were never called."""
    output: Tensor | None = None
    last: str = ""
    """The leaf whose output the network gives; "" where something comes after it."""

    def once(self, kind: type[nn.Module] | tuple[type[nn.Module], ...]) -> list[Call]:
        """The leaves of a kind that are called exactly once."""
        return [call for call in self.calls.values() if call.calls == 1 and isinstance(call.module, kind)]


def trace(net: nn.Module, inputs: Tensor, **more: Tensor) -> Trace:
    """Pass inputs through a network in eval mode, without gradients; its mode is put back.

    inputs  (B, ...), as the network takes them
    more    what its `forward` takes by name
    """
    found = Trace()
    made_by: dict[int, str] = {}
    kept: list[Tensor] = []  # alive, so that no address is given twice
    leaves = {path: module for path, module in net.named_modules() if not list(module.children())}
    calls = {path: Call(path, module) for path, module in leaves.items()}

    def watch(call: Call) -> list[torch.utils.hooks.RemovableHandle]:
        def before(_: nn.Module, given: tuple[object, ...]) -> None:
            call.calls += 1
            found.calls.setdefault(call.path, call)
            if given and isinstance(given[0], Tensor):
                call.fed_by = made_by.get(id(given[0]), "")

        def after(_: nn.Module, __: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor):
                made_by[id(output)] = call.path
                kept.append(output)
                call.ndim, call.first = output.ndim, len(output) if output.ndim else 0
                feeder = calls.get(call.fed_by)
                call.is_sequence = isinstance(call.module, SEQUENTIAL) or (feeder is not None and feeder.is_sequence)
                call.width = output.shape[-1 if output.ndim == 3 else 1] if output.ndim > 1 else 0

        return [call.module.register_forward_pre_hook(before), call.module.register_forward_hook(after)]

    handles = [handle for call in calls.values() for handle in watch(call)]
    was_training = net.training
    try:
        with torch.no_grad():
            found.output = net.eval()(inputs, **more)
    finally:
        net.train(was_training)
        for handle in handles:
            handle.remove()
    found.unused = [path for path in calls if path not in found.calls]
    if isinstance(found.output, Tensor):
        found.last = made_by.get(id(found.output), "")
    return found
