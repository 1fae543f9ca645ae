"""Hooks that stay with the model they were put on.

Loops copy and save models between two steps, whole ones too: a copy must neither tell a monitor anything nor drag one
along, and a saved model must load where regtui is not installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Self

import torch
from torch import nn

NOTHING = nullcontext().__exit__
"""Takes anything, does nothing and can be pickled: what a copied model has in the place of a hook."""


class Hook:
    """Calls a function with a name and what the module has seen, outside of autograd; tells how long that took."""

    def __init__(self, look: Callable[..., None], name: str, paid: Callable[[float], None]) -> None:
        self._look, self._name, self._paid = look, name, paid

    def __call__(self, *seen: Any) -> None:
        began = time.perf_counter()
        with torch.no_grad():
            self._look(self._name, *seen)
        self._paid(time.perf_counter() - began)

    def __deepcopy__(self, _: object) -> Any:
        return NOTHING

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")


class FirstPass:
    """A forward pre-hook, with keywords, that learns the size of the training's batches before its first step."""

    def __init__(self, size_of: Callable[[Any], int]) -> None:
        self._size_of = size_of
        self.size = 0
        """Samples in the latest batch, of those in train mode where there were any; 0: none was seen."""
        self._in_training = False

    def __call__(self, module: Any, inputs: tuple[Any, ...], more: dict[str, Any]) -> None:
        if torch.compiler.is_compiling():
            return  # it must leave no trace in what is compiled
        if module.training >= self._in_training:
            self.size = self._size_of(inputs) or self._size_of(more)
            self._in_training = module.training

    def __deepcopy__(self, _: object) -> Self:
        return NOTHING  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")


def is_compiled(model: nn.Module) -> bool:
    """Whether torch.compile has been applied to the model, to a part of it, or around it.

    Hooks on such a module are compiled into it: each look would cost a compilation, so there must be none.
    """
    return any(
        isinstance(getattr(module, "_orig_mod", None), nn.Module) or getattr(module, "_compiled_call_impl", None)
        for module in model.modules()
    )


def unwrapped(model: nn.Module) -> nn.Module:
    """The module inside DistributedDataParallel, DataParallel and torch.compile: evaluation needs no collective."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner
