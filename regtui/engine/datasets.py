"""From a data spec to tensors on the device: decoding, splits, label noise, shifted evaluation images.

Everything random is drawn on the CPU for every image of the set and then looked up for the chosen ones. So
all devices see the same data, and another number of training or validation images changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from PIL import Image
from torch import Tensor

from regtui import data
from regtui.catalog import DATASETS, Dataset
from regtui.engine import warp
from regtui.engine.randomness import Randomness
from regtui.spec import DataSpec, Shift

CLEAN_SAMPLES = 2000
"""Training samples at most on which clean train accuracy is measured; more would outlast an epoch."""


@dataclass(frozen=True, slots=True)
class Split:
    """Samples of one split, on the device of the run."""

    inputs: Tensor
    """(N, C, H, W) float32 pixels in [0, 1]."""
    labels: Tensor
    """(N,) long."""


@dataclass(frozen=True, slots=True)
class TaskData:
    """Everything a run trains on and is measured with."""

    train: Split
    """Any number of samples from its start is balanced over the classes."""
    clean: Split
    """The first training samples, at most `CLEAN_SAMPLES`, with the labels that are trained on."""
    validation: Split | None
    """Training images that are held out; None where the spec asks for none."""
    test: Split
    true_clean_labels: Tensor | None
    """(N,) long: the labels of `clean` before the noise; None without label noise."""
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    """(C, H, W)"""
    mean: Tensor
    """(C,) of the whole official training set, not of the split, so that arms and seeds agree on it."""
    std: Tensor
    """(C,)"""


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded data set, on the CPU."""

    train: Tensor
    """(N, C, H, W) uint8; training and validation images are chosen from these."""
    train_labels: Tensor
    """(N,) long."""
    test: Tensor
    test_labels: Tensor
    mean: tuple[float, ...]
    """A number a channel, of pixels in [0, 1]."""
    std: tuple[float, ...]


@cache
def fashion_mnist() -> Source:
    """The embedded subset of Fashion-MNIST, with mean and deviation of all its 60,000 training images."""
    with Image.open(data.fashion_sheet()) as image:
        across, down = image.width // data.TILE, image.height // data.TILE
        sheet = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    tiles = sheet.view(down, data.TILE, across, data.TILE).transpose(1, 2).reshape(-1, 1, data.TILE, data.TILE)
    train_labels, test_labels = (
        torch.tensor([int(digit) for digit in line]) for line in data.fashion_labels().read_text().split()
    )
    train, test = tiles[: data.PER_SPLIT], tiles[data.PER_SPLIT :]
    return Source(train, train_labels, test, test_labels, mean=(0.2860,), std=(0.3530,))


SOURCES: dict[str, Callable[[], Source]] = {"fashion-mnist": fashion_mnist}
"""Every data set of pictures in the catalog."""


def load(spec: DataSpec, randomness: Randomness) -> TaskData:
    """The data of a run on the device of `randomness`, keyed by its seed.

    Raises ValueError for an unknown data set, for more samples than there are and for a share outside [0, 1].
    """
    if spec.name not in SOURCES:
        raise ValueError(f"no data set is named {spec.name!r}; there are {', '.join(SOURCES)}")
    record, source = DATASETS[spec.name], SOURCES[spec.name]()
    _check(spec, record)

    def split(images: Tensor, labels: Tensor) -> Split:
        return Split(images.to(randomness.device), labels.to(randomness.device))

    # Validation from one end and training from the other: neither depends on the size of the other.
    order = stratified_order(source.train_labels, randomness.generator("split", on_cpu=True))
    chosen, held_out = order.flip(0)[: spec.train], order[: spec.validation]
    labels = true_labels = source.train_labels[chosen]
    if spec.label_noise:
        noise = randomness.generator("label-noise", on_cpu=True)
        labels = redraw_labels(source.train_labels, chosen, spec.label_noise, len(record.classes), noise)
    train = split(pixels(source.train, chosen), labels)

    validation = None
    if spec.validation:
        generator = randomness.generator("validation-shift", on_cpu=True)
        images = shifted(source.train, held_out, spec.test_shift, generator)
        validation = split(images, source.train_labels[held_out])

    tested = stratified_order(source.test_labels)[: spec.test]
    images = shifted(source.test, tested, spec.test_shift, randomness.generator("test-shift", on_cpu=True))
    channels, height, width = source.train.shape[1:]
    return TaskData(
        train=train,
        clean=Split(train.inputs[:CLEAN_SAMPLES], train.labels[:CLEAN_SAMPLES]),
        validation=validation,
        test=split(images, source.test_labels[tested]),
        true_clean_labels=true_labels[:CLEAN_SAMPLES].to(randomness.device) if spec.label_noise else None,
        classes=record.classes,
        shape=(channels, height, width),
        mean=torch.tensor(source.mean, device=randomness.device),
        std=torch.tensor(source.std, device=randomness.device),
    )


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


def pixels(images: Tensor, chosen: Tensor) -> Tensor:
    """The chosen images as float32 in [0, 1]."""
    return images[chosen].to(torch.float32) / 255


def shifted(images: Tensor, chosen: Tensor, shift: Shift, generator: torch.Generator) -> Tensor:
    """The chosen images as float32 in [0, 1], each mirrored, then rotated and moved, by a draw of its own.

    images  (N, C, H, W) uint8, the whole set
    chosen  (M,) long indices into it
    """
    if shift.is_identity:
        return pixels(images, chosen)
    height, width = images.shape[-2:]
    draws = torch.rand((len(images), 4), generator=generator)[chosen]
    angle, right, down = (draws[:, 1:] * 2 - 1).unbind(1)  # each (M,) in [-1, 1)
    moved = warp.affine(
        degrees=angle * shift.degrees,
        x=right * shift.translate * width,
        y=down * shift.translate * height,
        scale=torch.ones(len(chosen)),
    )
    return warp.warp(pixels(images, chosen), warp.compose(warp.mirror(draws[:, 0] < shift.mirror), moved))


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
