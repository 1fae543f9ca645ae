"""What is measured of training steps and evaluations, and how steps become events.

Loss is the mean cross-entropy in nats, accuracy is in percent. In training both are those of the batch as the model saw
it: augmented, mixed, with dropout on, before the update; the loss includes the penalties of the stack.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.events import Bucket, Measured

MOST_BUCKETS = 32
"""Buckets of a metric in one event."""


class StepMeter:
    """Losses and logits of the steps of a block on a CPU, turned into numbers in one go."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._logits: list[Tensor] = []
        self._right: list[Tensor] = []

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor, targets: Tensor | None) -> None:
        """Note a step; nothing is computed yet.

        loss     ()
        logits   (B, K)
        labels   (B,) long
        targets  (B, K) where labels were mixed or smoothed: the class with the largest share then counts as right
        """
        self._losses.append(loss.detach())
        self._logits.append(logits.detach())
        self._right.append(labels if targets is None else targets.argmax(1))

    def take(self) -> tuple[list[float], list[float]]:
        """Losses and accuracies in percent of the steps since the last call, oldest first."""
        if not self._losses:
            return [], []
        guesses, right = torch.stack(self._logits).argmax(2), torch.stack(self._right)  # (S, B)
        accuracies = [count / right.shape[1] * 100 for count in (guesses == right).sum(1).tolist()]
        losses = torch.stack(self._losses).tolist()
        self._losses, self._logits, self._right = [], [], []
        return losses, accuracies


class PlacedMeter:
    """The same numbers, in tensors that stay where they are: what a CUDA graph needs.

    A replay runs no Python, so the number of the step is kept on the device as well.
    """

    def __init__(self, most: int, device: torch.device) -> None:
        """`most` steps are added between two calls of `take` at most."""
        self._noted = torch.zeros(2, most, dtype=torch.float64, device=device)  # loss, accuracy in percent
        self._places = torch.arange(most, device=device)
        self._count = torch.zeros((), dtype=torch.long, device=device)

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor, targets: Tensor | None) -> None:
        """Note a step, as StepMeter does."""
        right = labels if targets is None else targets.argmax(1)
        percent = (logits.detach().argmax(1) == right).double().mean() * 100
        numbers = torch.stack((loss.detach().double(), percent))[:, None]  # (2, 1)
        self._noted.copy_(torch.where(self._places == self._count, numbers, self._noted))
        self._count += 1

    def take(self) -> tuple[list[float], list[float]]:
        """Losses and accuracies in percent of the steps since the last call, oldest first. Waits for the device."""
        *numbers, count = torch.cat((self._noted.flatten(), self._count[None])).tolist()
        self._count.zero_()
        most = len(self._places)
        return numbers[: int(count)], numbers[most : most + int(count)]


def evaluate(
    model: nn.Module, inputs: Tensor, label_sets: Sequence[Tensor], batch_size: int, *, piece: int | None = None
) -> list[Measured]:
    """Mean cross-entropy and accuracy of a model that is in eval mode, against each set of labels.

    inputs      (N, C, H, W), N >= 1
    label_sets  one or more (N,) long; they share the forward pass
    batch_size  samples whose losses are added up at once; another one changes the last bits
    piece       samples a forward pass; None: the whole batch
    """
    sums = torch.zeros(len(label_sets), 2, dtype=torch.float64, device=inputs.device)  # loss, correct
    with torch.no_grad():
        for first in range(0, len(inputs), batch_size):
            batch = inputs[first : first + batch_size]
            logits = torch.cat([model(part) for part in torch.split(batch, piece or batch_size)])  # (B, K)
            guesses = logits.argmax(1)  # (B,)
            for row, labels in zip(sums, label_sets, strict=True):
                truth = labels[first : first + batch_size]
                row[0] += F.cross_entropy(logits, truth, reduction="sum")
                row[1] += (guesses == truth).sum()
    count = len(inputs)
    return [Measured(loss=loss / count, accuracy=100.0 * right / count) for loss, right in sums.tolist()]


def to_buckets(first: int, values: Sequence[float], most: int = MOST_BUCKETS) -> list[Bucket]:
    """Consecutive steps in at most `most` buckets whose sizes differ by one at most.

    first   the step of the first value, counted from 1
    values  finite

    Every step is in exactly one bucket; low and high keep its spikes.
    """
    count = min(most, len(values))
    edges = [round(len(values) * i / count) for i in range(count + 1)] if count else [0]
    return [_bucket(first + start, values[start:stop]) for start, stop in pairwise(edges)]


def _bucket(first: int, values: Sequence[float]) -> Bucket:
    low, high = min(values), max(values)
    mean = min(max(math.fsum(values) / len(values), low), high)  # the division may round beyond them
    return Bucket(first, len(values), significant(mean), significant(low), significant(high))


def significant(value: float) -> float:
    """Rounded to 6 significant digits, which is what single precision holds; keeps event lines short."""
    return float(f"{value:.6g}")
