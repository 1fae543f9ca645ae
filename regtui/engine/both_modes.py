"""train() against eval(): one fixed batch through the same weights in both modes, at any moment of a run.

In train mode Dropout blanks units and BatchNorm normalizes with the statistics of the batch; in eval mode nothing is
blanked and BatchNorm takes its running averages. Weights, buffers, generators and modes are afterwards as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.commands import Probe
from regtui.engine.entering import Entered, batchnorms, entering
from regtui.engine.metrics import significant
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.engine.studies.base import channel_rows, hooked, reseed, undisturbed
from regtui.engine.training import Training
from regtui.events import Modes
from regtui.modes import LayerModes, NormModes, Reading, Weights

SAMPLES = 64
"""The first training samples; balanced over the classes, the same for every arm of a seed."""
SHOWN = 8
"""Samples that are told one by one."""


@torch.no_grad()
def both_modes(probe: Probe, training: Training, weights: Weights) -> Modes:
    """The network of a training in both modes, dropout masks keyed by the number of the draw.

    weights  whose they are
    """
    task, model = training.task, training.model
    inputs, labels = task.train.inputs[:SAMPLES], task.train.labels[:SAMPLES]
    readings, signals, batches = [], [], []
    dropped: dict[str, float] = {}
    for mode in (True, False):
        with undisturbed(training, model), _watched(model) as (seen, blanked), entering(model) as entered:
            # Each mode from the same start: a pass in train mode moves the running averages of BatchNorm.
            reseed(training, f"both-modes/{probe.draw}")
            model.train(mode)
            readings.append(_reading(model(inputs), labels, task.classes))
        signals.append(seen)
        batches.append(entered)
        dropped |= blanked
    layers = [
        LayerModes(
            name=name, train_mean=mean, train_std=std, eval_mean=signals[1][name][0], eval_std=signals[1][name][1]
        )
        for name, (mean, std) in signals[0].items()
    ]
    norms = [_norm(name, norm, batches[0][name]) for name, norm in batchnorms(model).items() if name in batches[0]]
    return Modes(
        ask=probe.ask, step=training.step, weights=weights, samples=len(labels), train=readings[0], eval=readings[1],
        labels=[task.classes[label] for label in labels[:SHOWN].tolist()], layers=layers,
        dropped=dropped, norms=norms,
    )  # fmt: skip


def _norm(name: str, norm: _BatchNorm, batch: Entered) -> NormModes:
    running_mean = running_std = apart = None
    if norm.running_mean is not None and norm.running_var is not None:
        mean, var = norm.running_mean.double(), norm.running_var.double()
        running_mean, running_std = significant(mean.mean().item()), significant(var.mean().sqrt().item())
        apart = significant(((batch.mean - mean) ** 2 / (var + norm.eps)).mean().sqrt().item())
    return NormModes(
        name=name,
        batch_mean=significant(batch.mean.mean().item()),
        batch_std=significant(batch.biased.mean().sqrt().item()),
        running_mean=running_mean,
        running_std=running_std,
        apart=apart,
    )


def _reading(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> Reading:
    chances = logits.float().softmax(1)  # (B, K)
    truths = chances.gather(1, labels[:, None])[:SHOWN, 0]
    return Reading(
        loss=significant(F.cross_entropy(logits.float(), labels).item()),
        accuracy=significant((chances.argmax(1) == labels).double().mean().item() * 100),
        truths=[significant(value) for value in truths.tolist()],
        guesses=[classes[guess] for guess in chances[:SHOWN].argmax(1).tolist()],
    )


@contextmanager
def _watched(model: SiteModel) -> Iterator[tuple[dict[str, tuple[float, float]], dict[str, float]]]:
    """Mean and deviation of each layer's signal, and what each Dropout blanks, by the name of its place."""
    signals: dict[str, tuple[float, float]] = {}
    blanked: dict[str, float] = {}
    names: dict[nn.Module, str] = {module: place.layer for place in model.places() for module in place.children()
             if isinstance(module, DropoutLayer)}  # fmt: skip

    def see_signal(place: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(place, Place)
        rows = channel_rows(inputs[0], inputs[1] if len(inputs) > 1 else None).float()
        signals[place.layer] = significant(rows.mean().item()), significant(rows.std(correction=0).item())

    def see_mask(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        there = inputs[0] != 0
        if layer.training and names[layer] not in blanked and there.any():
            blanked[names[layer]] = significant((output[there] == 0).double().mean().item())

    with ExitStack() as hooks:
        layers = [place for place in model.places() if place.site in ("conv", "linear")]
        hooks.enter_context(hooked(layers, see_signal, before=True))
        hooks.enter_context(hooked(names, see_mask))
        yield signals, blanked
