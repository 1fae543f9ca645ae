"""Training only, never at eval: what augmented test samples cost, and the vote over many views as the exception."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from regtui.engine.regularizers import Batch
from regtui.engine.studies.base import Found, accuracy, batches, probabilities
from regtui.engine.studies.voting import SAMPLES, accuracy_of, level, vote_curve
from regtui.engine.training import Training

VIEWS = 16
"""Augmented views of each test sample."""


@torch.no_grad()
def augmented_eval(training: Training, model: nn.Module) -> Found:
    """Test accuracy with the stack's augmentation left on, and of the mean over views, against clean samples.

    The augmentation is that of the training: per sample, with the strength that it has now. Mixing is no part of it.
    The mean over views is test-time augmentation (Krizhevsky et al. 2012, section 4.1, took ten).
    """
    size = training.spec.train.evaluation_batch
    inputs, labels = training.task.held_out.inputs[:SAMPLES], training.task.held_out.labels[:SAMPLES]
    clean = accuracy(probabilities(model, inputs, size), labels)
    values = {"clean_accuracy": clean, "accuracy": math.nan, "cost": math.nan, "tta_gain": math.nan}
    if not training.stack.augments:
        return Found(values, [level(clean, VIEWS, "clean")])

    def view() -> Tensor:
        parts = zip(batches(inputs, size), batches(labels, size), strict=True)
        plain = (Batch(part, truth, classes=len(training.task.classes)) for part, truth in parts)
        return torch.cat([model(training.stack.augment(batch).inputs).softmax(1) for batch in plain])

    votes = torch.stack([view() for _ in range(VIEWS)])  # (V, N, K)
    values["accuracy"] = accuracy_of(1, votes, labels)
    values["cost"] = clean - values["accuracy"]
    values["tta_gain"] = accuracy_of(VIEWS, votes, labels) - clean
    return Found(values, [vote_curve(votes, labels, "mean of views"), level(clean, VIEWS, "clean")])
