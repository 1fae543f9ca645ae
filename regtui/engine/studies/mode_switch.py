"""train() against eval(): the same weights and samples in both modes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.engine.studies.base import Found, accuracy, curve, probabilities
from regtui.engine.training import Training

SHOWN = 60
"""Test samples in the picture."""
ALONE = 300
"""Test samples that are put through one by one."""


@torch.no_grad()
def mode_switch(training: Training, model: nn.Module) -> Found:
    """Test accuracy in eval mode and with train mode left on, and what Dropout does to units and to weights.

    In train mode Dropout blanks units and BatchNorm takes the statistics of the batch: of an evaluation batch, of one
    sample where it comes alone, of one class where samples come in the order of a folder of pictures. Its running
    averages move at every pass, and keep what they took in.
    """
    test, size = training.task.held_out, training.spec.train.evaluation_batch
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    calm = probabilities(model, test.inputs, size)  # (N, K)
    model.train()
    first, second = (probabilities(model, test.inputs, size) for _ in range(2))
    model.eval()
    after = probabilities(model, test.inputs, size)
    model.train()
    scale, expectation = _dropout_seen(model, test.inputs[:size])
    alone = _one_by_one(model, test.inputs[:ALONE])
    by_class = test.labels.argsort(stable=True)  # (N,)
    in_order = probabilities(model, test.inputs[by_class], size)
    model.eval()
    changes = [(now - before).abs().max() for now, before in zip(model.parameters(), weights, strict=True)]
    truth = test.labels[:SHOWN, None]
    sure, order = calm[:SHOWN].gather(1, truth).squeeze(1).sort()  # (S,)
    noisy = first[:SHOWN].gather(1, truth).squeeze(1)[order]
    rank = torch.arange(1, len(order) + 1)
    known, forgotten = accuracy(calm, test.labels), accuracy(first, test.labels)
    few = test.labels[:ALONE]
    return Found(
        values={
            "train_mode_accuracy": forgotten,
            "cost": known - forgotten,
            "cost_alone": math.nan if alone is None else accuracy(calm[:ALONE], few) - accuracy(alone, few),
            "cost_by_class": known - accuracy(in_order, test.labels[by_class]),
            "after_effect": accuracy(after, test.labels) - known,
            "disagreement": float((first.argmax(1) != second.argmax(1)).double().mean() * 100),
            "weight_change": float(torch.stack(changes).max()),
            "kept_scale": scale,
            "expectation": expectation,
        },
        curves=[curve(rank, noisy, "train()"), curve(rank, sure, "eval()", is_reference=True)],
    )


def _one_by_one(model: nn.Module, inputs: Tensor) -> Tensor | None:
    """(N, K) probabilities of (N, ...) samples in batches of one; None where BatchNorm refuses one value a channel."""
    try:
        return probabilities(model, inputs, 1)
    except ValueError:
        return None


def _dropout_seen(model: nn.Module, inputs: Tensor) -> tuple[float, float]:
    """Of the first Dropout of a model in train mode: factor of a kept unit, and mean output over mean input."""
    layer = next((module for module in model.modules() if isinstance(module, DropoutLayer)), None)
    if layer is None:
        return math.nan, math.nan
    seen: list[tuple[Tensor, Tensor]] = []
    handle = layer.register_forward_hook(lambda _, given, output: seen.append((given[0], output)))
    try:
        model(inputs)
    finally:
        handle.remove()
    before, after = seen[0]
    kept = (after != 0) & (before != 0)
    ratios = after[kept] / before[kept]
    return float(ratios.median()) if len(ratios) else math.nan, float(after.abs().mean() / before.abs().mean())
