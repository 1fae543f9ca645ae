"""From a data spec to tensors on the device: decoded pictures, shifted where they are evaluated.

Texts are in text.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import torch
from PIL import Image
from torch import Tensor

from regtui import data, own
from regtui.catalog import DATASETS
from regtui.engine import own_data, public, splits, text, warp
from regtui.engine.randomness import Randomness
from regtui.engine.splits import Split, TaskData, select
from regtui.engine.tasks import ImageData, Source
from regtui.engine.text import Vocabulary
from regtui.spec import DataSpec, Shift

__all__ = ["SOURCES", "ImageData", "Source", "Split", "TaskData", "fashion_mnist", "load", "pixels", "shifted"]


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


SOURCES: dict[str, Callable[[], Source]] = {
    "fashion-mnist": fashion_mnist,
    **{name: partial(public.source, name) for name in public.CLASSES},
}
"""Every data set of pictures in the catalog."""


def load(spec: DataSpec, randomness: Randomness, vocabulary: Vocabulary | None = None) -> TaskData:
    """The data of a run on the device of `randomness`, keyed by its seed.

    `vocabulary` for texts whose model knows its words already; else they are those of the training split.

    Raises ValueError for an unknown data set, for more samples than there are and for a share outside [0, 1].
    """
    if own.is_own(spec.name):
        return own_data.load(spec, randomness, vocabulary)
    if spec.name in text.SOURCES:
        return text.load(spec, randomness, vocabulary)
    if spec.name not in SOURCES:
        raise ValueError(f"no data set is named {spec.name!r}; there are {', '.join([*SOURCES, *text.SOURCES])}")
    record, source = DATASETS[spec.name], SOURCES[spec.name]()
    chosen = select(spec, record, source.train_labels, source.test_labels, randomness)

    def split(images: Tensor, labels: Tensor) -> Split:
        return Split(images.to(randomness.device), labels.to(randomness.device))

    train = split(pixels(source.train, chosen.train), chosen.labels)
    validation = None
    if spec.validation:
        generator = randomness.generator("validation-shift", on_cpu=True)
        images = shifted(source.train, chosen.validation, spec.test_shift, generator)
        validation = split(images, source.train_labels[chosen.validation])

    images = shifted(source.test, chosen.test, spec.test_shift, randomness.generator("test-shift", on_cpu=True))
    channels, height, width = source.train.shape[1:]
    clean = splits.CLEAN_SAMPLES
    return ImageData(
        train=train,
        clean=Split(train.inputs[:clean], train.labels[:clean]),
        validation=validation,
        test=split(images, source.test_labels[chosen.test]),
        true_clean_labels=chosen.true_labels[:clean].to(randomness.device) if spec.label_noise else None,
        classes=record.classes,
        shape=(channels, height, width),
        mean=torch.tensor(source.mean, device=randomness.device),
        std=torch.tensor(source.std, device=randomness.device),
    )


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
