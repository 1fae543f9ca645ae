"""Public data sets that torchvision fetches and reads: their classes, and the checksums that torchvision checks."""

from __future__ import annotations

import hashlib

CHECKSUMS: dict[str, tuple[str, ...]] = {
    "cifar10": ("c58f30108f718f92721af3b95e74349a",),
    "cifar100": ("eb9058c3a382ffc7106e4002c42a8d85",),
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "kmnist": (
        "bdb82020997e1d708af4cf47b453dcf7", "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7", "7320c461ea6c1c855c0b718fb2a4b134",
    ),
    "fashion-mnist-full": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "svhn": ("e26dedcc434d2e4c54c9b2d4a06d8373", "eb5a983be6a315427106f1b164d9cef3"),
}  # fmt: skip
"""md5 of the files that torchvision fetches, by the name of the catalog."""

PLACES = {
    "cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python", "mnist": "MNIST", "kmnist": "KMNIST",
    "fashion-mnist-full": "FashionMNIST", "svhn": "train_32x32.mat",
}  # fmt: skip
"""Where torchvision keeps each below its root."""

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100_CLASSES = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm""".split()  # noqa: SIM905  # a hundred quoted words are no table that anybody reads
)
DIGITS = tuple("0123456789")
KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
"""The hiragana of each class of KMNIST."""


def content_hash(name: str) -> str | None:
    """64 hex digits that stand for the content of a public data set; None for another name."""
    checksums = CHECKSUMS.get(name)
    return hashlib.sha256("/".join((name, *checksums)).encode()).hexdigest() if checksums else None
