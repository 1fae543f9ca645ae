"""One batch through the same weights in train and in eval mode, as it travels from a worker to a screen."""

from __future__ import annotations

from typing import Literal

import msgspec

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


class LayerModes(msgspec.Struct, frozen=True, kw_only=True):
    """One layer in both modes; a signal is what enters its conv or linear place: before norm, dropout, activation."""

    name: str
    train_mean: float
    train_std: float
    """Over samples, channels and pixels; padding of texts is left out."""
    eval_mean: float
    eval_std: float
