"""The data sets that ship inside the package: where the files lie, what they hold, the hash of the content.

Nothing is read at import and only the standard library is needed: the catalog and the spec ask for names,
counts and hashes, `engine/datasets.py` turns the content into tensors. `build.py` makes the files, README.md
says how.
"""

import json
from functools import cache
from pathlib import Path

from regtui.data import public

DIRECTORY = Path(__file__).parent

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""Names in the order of the labels 0-9, as in https://github.com/zalandoresearch/fashion-mnist#labels."""

TILE = 28
"""Pixels: height and width of one image; gray, 0 (background) to 255."""
TILES_PER_ROW = 80
"""Images side by side in the sheet; the image with index i is in row i // 80, column i % 80."""
IMAGES_PER_CLASS = 200
"""Images of each class in each split: the first 200 of the official split."""
PER_SPLIT = IMAGES_PER_CLASS * len(FASHION_CLASSES)
"""Images in each split; the sheet has the train split first, then the test split."""

LEXICOGRAPHER_FILES = {
    "animal": 5,
    "artifact": 6,
    "body": 8,
    "food": 13,
    "location": 15,
    "person": 18,
    "plant": 20,
    "communication": 10,
    "act": 4,
    "state": 26,
}
"""WordNet's own number for each kind of noun (`man 5 lexnames`)."""
WORDNET_CLASSES = tuple(LEXICOGRAPHER_FILES)
"""Names in the order of the labels 0-9."""
TEXTS_PER_CLASS = 1000
"""Definitions of each class, in an order without topics: the first N are a fair sample."""
WORDS_PER_TEXT = (4, 40)
"""Words in a definition: fewest and most."""


def fashion_sheet() -> Path:
    """One gray PNG of 2240 x 1400 pixels: 2,000 train and then 2,000 test images, 80 in a row, 50 rows."""
    return DIRECTORY / "fashion_mnist.png"


def fashion_labels() -> Path:
    """Two lines of 2,000 digits, train and test: the label of each image in the order of the sheet."""
    return DIRECTORY / "fashion_mnist_labels.txt"


def wordnet_definitions() -> Path:
    """10,000 lines `class name <tab> definition`, class after class; words of a-z with single spaces."""
    return DIRECTORY / "wordnet_definitions.tsv"


def wordnet_synonyms() -> Path:
    """Lines `word <tab> synonym synonym ...` in alphabetical order, for words of the definitions."""
    return DIRECTORY / "wordnet_synonyms.tsv"


def bert_checkpoint() -> Path:
    """A small BERT that has learned to guess hidden words of the definitions: safetensors, half precision."""
    return DIRECTORY / "wordnet_bert.safetensors"


def checksums() -> Path:
    """JSON: sha256 and counts of each data set, sha256 and size of each file, sha256 of each source."""
    return DIRECTORY / "checksums.json"


@cache
def content_hash(name: str) -> str:
    """Return the recorded sha256 of the content of `fashion-mnist` or `wordnet`, without reading its files.

    Of a public data set it is made from the checksums that torchvision knows.

    It covers pixels and labels, not the compression of the PNG, so a sheet packed anew keeps its hash.
    """
    if known := public.content_hash(name):
        return known
    datasets = json.loads(checksums().read_text(encoding="utf-8"))["datasets"]
    if name not in datasets:
        raise ValueError(f"no embedded data set is named {name!r}; there are {', '.join(sorted(datasets))}")
    return str(datasets[name]["sha256"])
