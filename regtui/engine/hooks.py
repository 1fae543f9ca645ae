"""Hooks on modules that are gone when the looking ends, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from torch import nn
from torch.utils.hooks import RemovableHandle


@contextmanager
def before(modules: Iterable[nn.Module], look: Callable[..., None], *, with_kwargs: bool = False) -> Iterator[None]:
    """Call `look(module, inputs)` before each forward pass of the modules, with the keywords where asked for."""
    with _removed(module.register_forward_pre_hook(look, with_kwargs=with_kwargs) for module in modules):
        yield


@contextmanager
def after(modules: Iterable[nn.Module], look: Callable[..., None]) -> Iterator[None]:
    """Call `look(module, inputs, output)` after each forward pass of the modules."""
    with _removed(module.register_forward_hook(look) for module in modules):
        yield


@contextmanager
def _removed(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    hooked = list(handles)
    try:
        yield
    finally:
        for handle in hooked:
            handle.remove()
