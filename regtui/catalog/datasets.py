"""Data sets."""

from __future__ import annotations

from regtui.catalog.records import Dataset
from regtui.data import FASHION_CLASSES

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
)

DATASETS: dict[str, Dataset] = {record.name: record for record in _ALL}
