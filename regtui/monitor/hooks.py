"""Hooks that stay with the model they were put on.

Loops copy and save models between two steps, whole ones too: a copy must neither tell a monitor anything nor drag one
along, and a saved model must load where regtui is not installed.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

NOTHING = nullcontext().__exit__
"""Takes anything, does nothing and can be pickled: what a copied model has in the place of a hook."""


class Hook:
    """Calls a function with a name and what the module has seen, outside of autograd; tells how long that took.

    It is called in the middle of the training's own passes, which must not end here: `failed` hears of an error.
    """

    def __init__(
        self,
        look: Callable[..., None],
        name: str,
        paid: Callable[[float], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._look, self._name, self._paid, self._failed = look, name, paid, failed

    def __call__(self, *seen: Any) -> None:
        began = time.perf_counter()
        try:
            with torch.no_grad():
                self._look(self._name, *seen)
        except Exception as error:  # whatever somebody else's layers let pass
            self._failed(error)
        self._paid(time.perf_counter() - began)

    def __deepcopy__(self, _: object) -> Any:
        return NOTHING

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")


def nothing() -> None:
    """As a weak reference to what is no more."""


class FirstPass:
    """A forward pre-hook, with keywords, that learns how many samples the training's first step takes."""

    def __init__(self, first_tensor: Callable[[Any], Tensor | None]) -> None:
        self._first_tensor = first_tensor
        self._latest = self._taken = 0
        self._batch: Callable[[], Tensor | None] = nothing
        self._counted: Callable[[], Tensor | None] = nothing
        self._in_training = False

    @property
    def size(self) -> int:
        """Samples of all backward passes, else of the latest batch, in train mode if any was; 0: none was seen."""
        return self._taken or self._latest

    def attach(self, modules: Iterable[nn.Module]) -> list[RemovableHandle]:
        """See the passes of these modules, each of which is inside the one before, until the handles are removed."""
        handles = []
        for module in modules:
            handles.append(module.register_forward_pre_hook(self, with_kwargs=True))
        trained = [parameter for parameter in module.parameters() if parameter.requires_grad and parameter.is_leaf]
        for parameter in trained[-1:]:  # behind all layers that a pass may leave out
            handles.append(parameter.register_post_accumulate_grad_hook(self.went_back))  # type: ignore[no-untyped-call]
        return handles

    def __call__(self, module: Any, inputs: tuple[Any, ...], more: dict[str, Any]) -> None:
        if torch.compiler.is_compiling():
            return  # it must leave no trace in what is compiled
        if module.training >= self._in_training:
            batch = self._first_tensor(inputs)
            batch = self._first_tensor(more) if batch is None else batch
            self._latest = 0 if batch is None else len(batch)
            self._batch = nothing if batch is None else weakref.ref(batch)
            self._in_training = module.training

    def went_back(self, _: Tensor) -> None:
        """A backward pass is over. Several with batches of their own make one step where gradients are accumulated;
        several with the same batch, as LBFGS takes them, are one."""
        batch = self._batch()
        if batch is None or batch is not self._counted():
            self._taken += self._latest
            self._counted = self._batch

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
