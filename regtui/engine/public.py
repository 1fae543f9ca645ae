"""torchvision's data sets as sources: found in a folder, or fetched there when the command line said so.

torchvision takes 2 s to import, so it is imported when one of its sets is asked for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regtui import paths
from regtui.catalog import DATASETS
from regtui.data.public import PLACES
from regtui.engine.tasks import Source

CLASSES = {
    "cifar10": "CIFAR10", "cifar100": "CIFAR100", "mnist": "MNIST", "kmnist": "KMNIST",
    "fashion-mnist-full": "FashionMNIST", "svhn": "SVHN",
}  # fmt: skip
"""By the name of the catalog: the class of torchvision.datasets."""
AT_ONCE = 4096
"""Pictures whose sums are taken at a time."""


def source(name: str) -> Source:
    """All pictures of a public data set, on the CPU.

    Raises ValueError, with a sentence that says what to do, for one that is not there, is damaged or cannot be fetched.
    """
    return _source(name, paths.datasets_dir(), paths.may_download())


@lru_cache(maxsize=2)
def _source(name: str, root: Path, download: bool) -> Source:
    try:
        with _alone(root) if download else contextlib.nullcontext():
            train, test = (_read(name, root, is_train=is_train, download=download) for is_train in (True, False))
    except ImportError as error:
        raise ValueError(f"{name} needs the package {error.name}: pip install 'regtui[svhn]'") from error
    except Exception as error:  # the network's, the disk's and torchvision's own have no common base
        if "not found" in str(error).lower() and not download:
            raise ValueError(
                f"{name} is not in {root}, or is damaged there: name the folder that has it with --data-root DIR, or "
                "let torchvision fetch it with --download"
            ) from error
        why = str(error).partition("\n")[0][:200].rstrip(": ")
        if download and ("download" in why.lower() or isinstance(error, OSError)):
            raise ValueError(
                f"{name} could not be fetched into {root} ({why}); try again where there is a network, or put its "
                f"files into {root / PLACES[name]} as torchvision keeps them and go without --download"
            ) from error
        raise ValueError(f"{name} could not be read in {root}: {type(error).__name__}: {why}") from error
    record = DATASETS[name]
    found = len(train[1]), len(test[1])
    if found != (record.train_samples, record.test_samples):
        raise ValueError(
            f"{name} in {root} has {found[0]} training and {found[1]} test pictures, not {record.train_samples} and "
            f"{record.test_samples}; fetch it anew"
        )
    mean, std = mean_and_std(train[0])
    return Source(*train, *test, mean=mean, std=std)


def _read(name: str, root: Path, *, is_train: bool, download: bool) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) uint8 pictures and (N,) long labels of one split."""
    from torchvision import datasets

    kind = getattr(datasets, CLASSES[name])
    which: dict[str, Any] = {"split": "train" if is_train else "test"} if name == "svhn" else {"train": is_train}
    found = kind(str(root), download=download, **which)
    pictures = torch.as_tensor(found.data)
    if name == "svhn":  # (N, C, H, W) already
        return pictures.contiguous(), torch.as_tensor(found.labels).long()
    pictures = pictures[:, None] if pictures.ndim == 3 else pictures.permute(0, 3, 1, 2)
    return pictures.contiguous(), torch.as_tensor(found.targets).long()


def mean_and_std(pictures: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each channel, of pixels in [0, 1]: from exact sums of whole numbers, so the same on every machine.

    pictures  (N, C, H, W) uint8
    """
    channels = pictures.shape[1]
    total, squares = torch.zeros(channels, dtype=torch.int64), torch.zeros(channels, dtype=torch.int64)
    for part in torch.split(pictures, AT_ONCE):
        values = part.to(torch.int64)
        total += values.sum((0, 2, 3))
        squares += values.square().sum((0, 2, 3))
    count = pictures.numel() // channels
    mean = [value / count for value in total.tolist()]
    std = [(square / count - m * m) ** 0.5 for square, m in zip(squares.tolist(), mean, strict=True)]
    return tuple(m / 255 for m in mean), tuple(s / 255 for s in std)


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One worker fetches, the others wait for it and then find the files."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".fetching").open("w") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
