"""Data sets that torchvision reads from a folder of the user's, and fetches when it is told to."""

from __future__ import annotations

from regtui.catalog.records import Dataset
from regtui.data import FASHION_CLASSES
from regtui.data.public import CIFAR10_CLASSES, CIFAR100_CLASSES, DIGITS, KUZUSHIJI

_NEEDS = "Read by torchvision from --data-root, fetched there with --download."


def _public(
    name: str, title: str, what: str, classes: tuple[str, ...], samples: tuple[int, int], shape: tuple[int, int, int],
    licence: str, source: str,
) -> Dataset:  # fmt: skip
    return Dataset(
        name=name, title=title, summary=f"{what} {_NEEDS}", kind="image", classes=classes, train_samples=samples[0],
        test_samples=samples[1], shape=shape, licence=licence, source=source,
    )  # fmt: skip


PUBLIC = (
    _public("cifar10", "CIFAR-10", "Colour 32x32 photos of ten kinds of things.", CIFAR10_CLASSES, (50_000, 10_000),
            (3, 32, 32), "none is stated", "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html"),
    _public("cifar100", "CIFAR-100", "Colour 32x32 photos of a hundred kinds of things.", CIFAR100_CLASSES,
            (50_000, 10_000), (3, 32, 32), "none is stated",
            "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html"),
    _public("mnist", "MNIST", "Gray 28x28 handwritten digits.", DIGITS, (60_000, 10_000), (1, 28, 28),
            "CC BY-SA 3.0", "LeCun et al. 1998, https://doi.org/10.1109/5.726791"),
    _public("kmnist", "Kuzushiji-MNIST", "Gray 28x28 handwritten characters of old Japanese.", KUZUSHIJI,
            (60_000, 10_000), (1, 28, 28), "CC BY-SA 4.0", "Clanuwat et al. 2018, https://arxiv.org/abs/1812.01718"),
    _public("fashion-mnist-full", "Fashion-MNIST", "Gray 28x28 pictures of ten kinds of clothes, all 70,000.",
            FASHION_CLASSES, (60_000, 10_000), (1, 28, 28), "MIT, (c) 2017 Zalando SE",
            "Xiao, Rasul, Vollgraf 2017, https://arxiv.org/abs/1708.07747"),
    _public("svhn", "SVHN", "Colour 32x32 photos of house numbers, one digit each; needs pip install 'regtui[svhn]'.",
            DIGITS, (73_257, 26_032), (3, 32, 32), "for non-commercial use",
            "Netzer et al. 2011, http://ufldl.stanford.edu/housenumbers"),
)  # fmt: skip
