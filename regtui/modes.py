"""train() and eval(): what a run trains in, and one batch through the same weights in both, from worker to screen."""

from __future__ import annotations

from typing import Literal

import msgspec

Mode = Literal["train", "eval"]
"""What `model.train()` and `model.eval()` switch: Dropout and its kin, and which statistics BatchNorm uses."""
MODE_KEY = "train.mode"
"""The key of the markers that say in which mode a run trains from their step on."""

Weights = Literal["run", "stored", "initial"]
"""Of the run that answers, of its checkpoint, or those that a run begins with."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a network says of a batch in one mode."""

    loss: float
    """Mean cross-entropy against the labels, nats."""
    accuracy: float
    """Percent."""
    truths: list[float]
    """The probability that each of the first samples' own class is given, [0, 1]."""
    guesses: list[str]
    """The most probable class of each of the first samples."""


class NormModes(msgspec.Struct, frozen=True, kw_only=True):
    """What a BatchNorm normalizes with in each mode: a mean and a deviation, each averaged over its channels."""

    name: str
    batch_mean: float
    batch_std: float
    """Root of the mean of the biased variances."""
    running_mean: float | None
    """None where the layer keeps no running statistics: eval mode then takes those of the batch, too."""
    running_std: float | None
    apart: float | None
    """Root mean square over the channels of the difference of the means, in running deviations."""


class LayerModes(msgspec.Struct, frozen=True, kw_only=True):
    """One layer in both modes; a signal is what enters its conv or linear place: before norm, dropout, activation."""

    name: str
    train_mean: float
    train_std: float
    """Over samples, channels and pixels; padding of texts is left out."""
    eval_mean: float
    eval_std: float
