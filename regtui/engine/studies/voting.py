"""Accuracy of votes: guesses are averaged, and the class with the largest mean probability is chosen."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from regtui.engine.studies.base import accuracy, curve
from regtui.events import StudyCurve

SAMPLES = 500
"""Test samples that vote studies use, the first ones: each of them is guessed many times."""


def accuracy_of(voters: int, votes: Tensor, labels: Tensor) -> float:
    """Percent right by the mean of so many votes, averaged over as many separate groups as there are.

    voters  at most T
    votes   (T, N, K) probabilities
    labels  (N,) long
    """
    groups = votes.unfold(0, voters, voters).mean(-1)  # (T // voters, N, K)
    return sum(accuracy(group, labels) for group in groups) / len(groups)


def sizes(most: int) -> list[int]:
    """1, 2, 4, ... up to `most`, and `most` itself."""
    return sorted({1 << power for power in range(most.bit_length())} | {most})


def vote_curve(votes: Tensor, labels: Tensor, name: str) -> StudyCurve:
    """Percent right over the number of votes, (T, N, K) probabilities for (N,) labels."""
    counts = sizes(len(votes))
    found = [accuracy_of(count, votes, labels) for count in counts]
    return curve(torch.tensor(counts), torch.tensor(found, dtype=torch.float64), name)


def level(value: float, most: int, name: str) -> StudyCurve:
    """A reference from 1 to `most` votes."""
    ends = torch.tensor(sizes(most))
    return curve(ends, torch.full(ends.shape, value, dtype=torch.float64), name, is_reference=True)


def cross_entropy(guesses: Tensor, labels: Tensor) -> float:
    """Mean loss in nats of (N, K) probabilities; one that is 0 counts as the smallest that a float holds."""
    return float(F.nll_loss(guesses.clamp(min=torch.finfo(guesses.dtype).tiny).log(), labels))
