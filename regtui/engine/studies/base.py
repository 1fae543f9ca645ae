"""What every study is given, what it gives, and how it leaves the run as it found it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.metrics import significant
from regtui.engine.randomness import derive
from regtui.engine.training import Training
from regtui.events import StudyCurve


@dataclass(frozen=True, slots=True)
class Found:
    """What a study found."""

    values: dict[str, float]
    """Exactly the metrics of its record; NaN where one does not exist for this network."""
    curves: list[StudyCurve] = field(default_factory=list)


Study = Callable[[Training, nn.Module], Found]
"""Measures a network of a training: the one that is evaluated, in eval mode. Anything that it changes is put back."""


@contextmanager
def undisturbed(training: Training, model: nn.Module) -> Iterator[None]:
    """Puts back every mode, buffer and generator, so that a run with a study trains the same network as one without.

    Parameters are not copied: a study does not train.
    """
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    generators = training.randomness.state()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        training.randomness.load_state(generators)


def reseed(training: Training, purpose: str) -> None:
    """Have every generator of the run draw what belongs to this purpose; to be undone by `undisturbed`."""
    for name in training.randomness.state():
        training.randomness.generator(name).manual_seed(derive(training.spec.seed, f"{purpose}/{name}"))


def normalize_by_batch(model: nn.Module) -> None:
    """BatchNorms in train mode, all else in eval: what a batch does to a sample, without the noise of Dropout."""
    model.eval()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.train()


@contextmanager
def hooked(
    modules: Iterable[nn.Module], see: Callable[..., None], *, before: bool = False, with_kwargs: bool = False
) -> Iterator[None]:
    """Call `see` with each of these modules, its inputs (keywords as well, if asked) and, unless `before`, its output.

    Hooks must give nothing, or they would change what passes.
    """
    handles = [
        module.register_forward_pre_hook(see, with_kwargs=with_kwargs)
        if before
        else module.register_forward_hook(see, with_kwargs=with_kwargs)
        for module in modules
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def channel_rows(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """(N, C): what passes a place, one row for each sample, pixel or word; padding is left out.

    x     (B, C), (B, C, H, W) or (B, L, C)
    mask  (B, L), true where a text has words
    """
    if x.ndim == 3 and mask is not None:
        return x[mask]
    return (x.movedim(1, -1) if x.ndim == 4 else x).flatten(0, -2)


def generator(training: Training, study: str) -> torch.Generator:
    """A generator of the study's own on the CPU, equal for all arms of a seed."""
    return torch.Generator().manual_seed(derive(training.spec.seed, f"study/{study}"))


def batches(samples: Tensor, batch_size: int) -> list[Tensor]:
    """(N, ...) in parts of `batch_size`, the last one may be smaller."""
    return [samples[first : first + batch_size] for first in range(0, len(samples), batch_size)]


@torch.no_grad()
def probabilities(model: nn.Module, inputs: Tensor, batch_size: int) -> Tensor:
    """(N, K) of the model in the mode that it is in.

    inputs  (N, ...)
    """
    return torch.cat([model(part).softmax(1) for part in batches(inputs, batch_size)])


def accuracy(guesses: Tensor, labels: Tensor) -> float:
    """Percent of (N, K) probabilities or logits whose largest is that of the label, (N,) long."""
    return float((guesses.argmax(1) == labels).double().mean() * 100)


def curve(x: Tensor, y: Tensor, name: str = "", *, is_reference: bool = False) -> StudyCurve:
    """A line through (N,) points, shortened to what a screen shows."""
    return StudyCurve(
        x=[significant(value) for value in x.tolist()],
        y=[significant(value) for value in y.tolist()],
        name=name,
        is_reference=is_reference,
    )
