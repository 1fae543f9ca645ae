"""What every study is given, what it gives, and how it leaves the run as it found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

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


def generator(training: Training, study: str) -> torch.Generator:
    """A generator of the study's own on the CPU, equal for all arms of a seed."""
    return torch.Generator().manual_seed(derive(training.spec.seed, f"study/{study}"))


@torch.no_grad()
def probabilities(model: nn.Module, inputs: Tensor, batch_size: int) -> Tensor:
    """(N, K) of the model in the mode that it is in.

    inputs  (N, ...)
    """
    parts = [inputs[first : first + batch_size] for first in range(0, len(inputs), batch_size)]
    return torch.cat([model(part).softmax(1) for part in parts])


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
