"""What a run trains on and is measured with, and which samples of a data set it is.

Everything random is drawn on the CPU for every sample of the set and then looked up for the chosen ones. So all devices
see the same data, and another number of training or validation samples changes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regtui.catalog import Dataset
from regtui.engine.randomness import Randomness
from regtui.engine.streaming import StreamedSplit
from regtui.spec import DataSpec

CLEAN_SAMPLES = 2000
"""Training samples at most on which clean train accuracy is measured; more would outlast an epoch."""


@dataclass(frozen=True, slots=True)
class Split:
    """Samples of one split, on the device of the run."""

    inputs: Tensor
    """(N, C, H, W) float32 pixels in [0, 1], or (N, L) long word ids."""
    labels: Tensor
    """(N,) long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskData:
    """Everything a run trains on and is measured with; `ImageData` and `TextData` say what the inputs are."""

    train: Split | StreamedSplit
    """Any number of samples from its start is balanced over the classes."""
    clean: Split
    """The first training samples, at most `CLEAN_SAMPLES`, with the labels that are trained on."""
    validation: Split | None
    """Training samples that are held out; None where the spec asks for none."""
    test: Split | None
    """None for data of the user's own, until they are revealed."""
    true_clean_labels: Tensor | None
    """(N,) long: the labels of `clean` before the noise; None without label noise."""
    classes: tuple[str, ...]

    @property
    def held_out(self) -> Split:
        """What nothing was learned from and may be looked at: the test samples, of own data those for validation."""
        split = self.test or self.validation
        assert split is not None
        return split

    @property
    def held_out_part(self) -> str:
        """Which part that is: "test" or "validation"."""
        return "validation" if self.test is None else "test"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples are in which split, on the CPU."""

    train: Tensor
    """(N,) long, indices into the samples for training."""
    labels: Tensor
    """(N,) long: those of `train`, noise included."""
    true_labels: Tensor
    """(N,) long: those of `train` without noise."""
    validation: Tensor
    """(M,) long, indices into the samples for training; disjoint from `train`."""
    test: Tensor
    """(T,) long, indices into the samples for testing."""


def select(spec: DataSpec, record: Dataset, labels: Tensor, test_labels: Tensor, randomness: Randomness) -> Selection:
    """Choose the samples of each split and draw the label noise.

    labels       (N,) long: those of all samples for training
    test_labels  (T,) long: those of all samples for testing

    Raises ValueError for more samples than there are and for a share outside [0, 1].
    """
    _check(spec, record)
    # Validation from one end and training from the other: neither depends on the size of the other.
    order = stratified_order(labels, randomness.generator("split", on_cpu=True))
    chosen = order.flip(0)[: spec.train]
    noisy = true_labels = labels[chosen]
    if spec.label_noise:
        noise = randomness.generator("label-noise", on_cpu=True)
        noisy = redraw_labels(labels, chosen, spec.label_noise, len(record.classes), noise)
    return Selection(chosen, noisy, true_labels, order[: spec.validation], stratified_order(test_labels)[: spec.test])


def stratified_order(labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Indices of all samples, ordered so that any start or end of them holds each class by its share.

    labels     (N,) long
    generator  shuffles within each class; without one, each class keeps its order
    """
    rank = torch.empty(len(labels), dtype=torch.float64)  # place within the class, spread over (0, 1)
    for label in range(int(labels.max()) + 1):
        members = (labels == label).nonzero().flatten()
        if generator is not None:
            members = members[torch.randperm(len(members), generator=generator)]
        rank[members] = (torch.arange(len(members), dtype=rank.dtype) + 0.5) / len(members)
    return rank.argsort(stable=True)


def redraw_labels(labels: Tensor, chosen: Tensor, share: float, classes: int, generator: torch.Generator) -> Tensor:
    """The labels of the chosen samples, a random `share` of them redrawn uniformly over all classes.

    Of n labels exactly round(share * n) are redrawn; one in `classes` of those comes out as it was. A larger
    share redraws the same labels and more.

    labels  (N,) long, of the whole set
    chosen  (M,) long indices into it
    """
    priority = torch.rand(len(labels), generator=generator)
    drawn = torch.randint(classes, labels.shape, generator=generator)
    redrawn = chosen[priority[chosen].argsort()[: round(share * len(chosen))]]
    noisy = labels.clone()
    noisy[redrawn] = drawn[redrawn]
    return noisy[chosen]


def _check(spec: DataSpec, record: Dataset) -> None:
    if spec.train < 1 or spec.test < 1 or spec.validation < 0:
        raise ValueError(
            f"data.train, data.validation and data.test are {spec.train}, {spec.validation} and {spec.test}; "
            "allowed is at least 1, 0 and 1"
        )
    wanted = spec.train + spec.validation
    if wanted > record.train_samples:
        raise ValueError(
            f"data.train + data.validation is {spec.train} + {spec.validation} = {wanted}, "
            f"but {record.name} has {record.train_samples} training samples for both; lower one of the two"
        )
    if spec.test > record.test_samples:
        raise ValueError(
            f"data.test is {spec.test}, but {record.name} has {record.test_samples} test samples; lower it"
        )
    if not 0 <= spec.label_noise <= 1:
        raise ValueError(f"data.label_noise is {spec.label_noise}; allowed is a number from 0 to 1")
