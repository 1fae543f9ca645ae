"""Data sets."""

from __future__ import annotations

from regtui.catalog.public_datasets import PUBLIC
from regtui.catalog.records import Dataset
from regtui.data import FASHION_CLASSES, TEXTS_PER_CLASS, WORDNET_CLASSES, WORDS_PER_TEXT

WORDNET_TEST_PER_CLASS = 200
"""Definitions of each class that are kept for testing: the last ones of the file, the same for every seed."""

_ALL = (
    Dataset(
        name="fashion-mnist",
        title="Fashion-MNIST subset",
        summary="Gray 28x28 pictures of ten kinds of clothes; ships with regtui. Nearly all its shoes face left.",
        kind="image",
        classes=FASHION_CLASSES,
        train_samples=2000,
        test_samples=2000,
        shape=(1, 28, 28),
        licence="MIT, (c) 2017 Zalando SE",
        source="Xiao, Rasul, Vollgraf 2017, https://arxiv.org/abs/1708.07747",
    ),
    Dataset(
        name="wordnet",
        title="WordNet definitions",
        summary="Tell what kind of thing a definition of 4 to 40 words is of, ten kinds; ships with regtui.",
        kind="text",
        classes=WORDNET_CLASSES,
        train_samples=len(WORDNET_CLASSES) * (TEXTS_PER_CLASS - WORDNET_TEST_PER_CLASS),
        test_samples=len(WORDNET_CLASSES) * WORDNET_TEST_PER_CLASS,
        shape=(WORDS_PER_TEXT[1],),
        licence="WordNet licence, (c) 2006 Princeton University",
        source="WordNet 3.0, https://wordnet.princeton.edu",
    ),
)

DATASETS: dict[str, Dataset] = {record.name: record for record in (*_ALL, *PUBLIC)}
"""Own data that are looked at join them: `regtui.own.adopt`."""


def samples_called(name: str) -> str:
    """What the samples of a data set are, as short as a rate has it: img, texts; samples where that is not known."""
    record = DATASETS.get(name)
    return "samples" if record is None else "img" if record.kind == "image" else "texts"
