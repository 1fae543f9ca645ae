"""The data that ships inside the package: intact, balanced, clean, and equal to its sources."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from regtui import data

DEBIAN_IMAGES = Path("/usr/share/datasets/fashion-mnist")
DEBIAN_WORDNET = Path("/usr/share/wordnet")
DATA_FILES = (
    data.fashion_sheet(),
    data.fashion_labels(),
    data.wordnet_definitions(),
    data.wordnet_synonyms(),
)
SHARES = (100, 500)
"""Texts a class that a preset might take."""


@pytest.fixture(scope="module")
def tiles() -> Tensor:
    """All images: (4000, 28, 28) uint8."""
    with Image.open(data.fashion_sheet()) as image:
        sheet = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    rows = sheet.reshape(-1, data.TILE, data.TILES_PER_ROW, data.TILE)  # (row, y, column, x)
    return rows.transpose(1, 2).reshape(-1, data.TILE, data.TILE)


@pytest.fixture(scope="module")
def labels() -> Tensor:
    """Labels of the train and then of the test images: (2, 2000) uint8."""
    lines = data.fashion_labels().read_text(encoding="ascii").splitlines()
    return torch.tensor([[int(digit) for digit in line] for line in lines], dtype=torch.uint8)


@pytest.fixture(scope="module")
def definitions() -> list[tuple[str, str]]:
    """(class name, text) of every line."""
    lines = data.wordnet_definitions().read_text(encoding="ascii").splitlines()
    return [(name, text) for name, text in (line.split("\t") for line in lines)]


@pytest.fixture(scope="module")
def synonyms() -> dict[str, list[str]]:
    """word -> its synonyms."""
    lines = data.wordnet_synonyms().read_text(encoding="ascii").splitlines()
    return {word: others.split(" ") for word, others in (line.split("\t") for line in lines)}


@pytest.mark.parametrize("path", DATA_FILES, ids=lambda path: path.name)
def test_files_are_those_whose_checksums_were_recorded(path: Path) -> None:
    recorded = json.loads(data.checksums().read_text())["files"][path.name]
    content = path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (recorded["bytes"], recorded["sha256"])


def test_the_readme_states_the_recorded_figures() -> None:
    readme = (data.DIRECTORY / "README.md").read_text(encoding="utf-8")
    record = json.loads(data.checksums().read_text())
    for name, file in record["files"].items():
        assert f"| `{name}` | {file['bytes']:,} | `{file['sha256']}` |" in readme
    wordnet = record["datasets"]["wordnet"]
    for key in ("texts", "words", "different_words", "words_with_synonyms"):
        assert f"{wordnet[key]:,}" in readme, key


def test_licences_come_with_the_data() -> None:
    fashion = (data.DIRECTORY / "LICENSE.fashion-mnist").read_text(encoding="utf-8")
    wordnet = (data.DIRECTORY / "LICENSE.wordnet").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in fashion
    assert "Copyright (c) 2017 Zalando SE" in fashion
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in wordnet


def test_the_content_hash_is_that_of_the_decoded_images_and_labels(tiles: Tensor, labels: Tensor) -> None:
    content = bytes(tiles.flatten().tolist()) + bytes(labels.flatten().tolist())
    assert data.content_hash("fashion-mnist") == hashlib.sha256(content).hexdigest()


def test_the_content_hash_of_wordnet_covers_definitions_and_synonyms() -> None:
    content = data.wordnet_definitions().read_bytes() + data.wordnet_synonyms().read_bytes()
    assert data.content_hash("wordnet") == hashlib.sha256(content).hexdigest()


def test_an_unknown_data_set_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match=r"'shoes'.*fashion-mnist, wordnet"):
        data.content_hash("shoes")


def test_asking_for_names_and_hashes_imports_nothing_heavy() -> None:
    program = (
        "import sys, regtui.data as d; d.content_hash('wordnet'); d.fashion_sheet();"
        "print({'torch', 'torchvision', 'numpy', 'textual'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_each_split_has_as_many_images_of_each_class(tiles: Tensor, labels: Tensor) -> None:
    assert labels.shape == (2, data.PER_SPLIT)
    assert len(tiles) == labels.numel()
    for split in labels:
        assert split.bincount().tolist() == [data.IMAGES_PER_CLASS] * len(data.FASHION_CLASSES)


def test_images_use_the_range_of_gray_and_none_is_empty_or_twice_there(tiles: Tensor) -> None:
    assert tiles.dtype == torch.uint8
    assert [tiles.min().item(), tiles.max().item()] == [0, 255]
    assert tiles.flatten(1).amax(1).min() > 64
    assert len({bytes(tile.flatten().tolist()) for tile in tiles}) == len(tiles)


def test_labels_belong_to_their_images(tiles: Tensor, labels: Tensor) -> None:
    """A nearest-mean classifier of the train images finds most test images; one tile off, it would not."""
    train, test = tiles.float().reshape(2, data.PER_SPLIT, -1)
    means = torch.stack([train[labels[0] == c].mean(0) for c in range(len(data.FASHION_CLASSES))])
    found = torch.cdist(test, means).argmin(1)
    assert (found == labels[1]).float().mean() > 0.6


@pytest.mark.skipif(not DEBIAN_IMAGES.is_dir(), reason="needs the Debian package dataset-fashion-mnist")
@pytest.mark.parametrize(("row", "split"), [(0, "train"), (1, "t10k")])
def test_images_are_the_first_of_each_class_of_the_official_split(
    tiles: Tensor, labels: Tensor, row: int, split: str
) -> None:
    def content(kind: str, header: int) -> Tensor:
        packed = (DEBIAN_IMAGES / f"{split}-{kind}-ubyte.gz").read_bytes()
        return torch.frombuffer(bytearray(gzip.decompress(packed)), dtype=torch.uint8, offset=header)

    images = content("images-idx3", 16).reshape(-1, data.TILE, data.TILE)
    official = content("labels-idx1", 8)
    first = [(official == c).nonzero().flatten()[: data.IMAGES_PER_CLASS] for c in range(10)]
    order = torch.cat(first).sort().values
    assert torch.equal(labels[row], official[order])
    assert torch.equal(tiles[row * data.PER_SPLIT : (row + 1) * data.PER_SPLIT], images[order])


def test_each_class_has_as_many_definitions(definitions: list[tuple[str, str]]) -> None:
    counts = Counter(name for name, _ in definitions)
    assert counts == dict.fromkeys(data.WORDNET_CLASSES, data.TEXTS_PER_CLASS)


def test_definitions_are_a_few_lower_case_words(definitions: list[tuple[str, str]]) -> None:
    fewest, most = data.WORDS_PER_TEXT
    for _, text in definitions:
        assert re.fullmatch("[a-z]+( [a-z]+)*", text), text
        assert fewest <= len(text.split()) <= most, text


def test_no_definition_occurs_twice_or_with_two_classes(definitions: list[tuple[str, str]]) -> None:
    assert len({text for _, text in definitions}) == len(definitions)


@pytest.mark.parametrize("count", SHARES)
def test_the_first_definitions_of_a_class_are_a_fair_sample(definitions: list[tuple[str, str]], count: int) -> None:
    """No common word is much more frequent in the first N texts of a class than in the class."""
    for name in data.WORDNET_CLASSES:
        texts = [set(text.split()) for label, text in definitions if label == name]
        whole = Counter(word for text in texts for word in text)
        first = Counter(word for text in texts[:count] for word in text)
        for word, times in whole.items():
            share, left_out = times / len(texts), 1 - count / len(texts)
            deviation = (share * (1 - share) * left_out / count) ** 0.5  # of a draw without return
            if times >= 50:
                assert abs(first[word] / count - share) < 5 * deviation, (name, word)


@pytest.mark.skipif(not DEBIAN_WORDNET.is_dir(), reason="needs the Debian package wordnet-base")
def test_definitions_stand_in_wordnet_with_their_class(definitions: list[tuple[str, str]]) -> None:
    """Every text is found, letter for letter, in a gloss of its class."""

    def letters(text: str) -> str:
        clause = re.sub(r"\([^()]*\)|\"[^\"]*\"", "", text.lower()).partition(";")[0]
        return re.sub(r"'s\b|[^a-z]", "", clause)

    glosses: dict[str, set[str]] = {f"{number:02d}": set() for number in data.LEXICOGRAPHER_FILES.values()}
    for line in (DEBIAN_WORDNET / "data.noun").read_text(encoding="ascii").splitlines():
        number = line[9:11]
        if number in glosses and not line.startswith(" "):
            glosses[number].add(letters(line.partition(" | ")[2]))
    missing = [
        text for name, text in definitions if letters(text) not in glosses[f"{data.LEXICOGRAPHER_FILES[name]:02d}"]
    ]
    assert not missing


def test_synonyms_are_other_plain_words_for_words_of_the_definitions(
    definitions: list[tuple[str, str]], synonyms: dict[str, list[str]]
) -> None:
    vocabulary = {word for _, text in definitions for word in text.split()}
    assert set(synonyms) <= vocabulary
    for word, others in synonyms.items():
        assert len(set(others)) == len(others) > 0, word
        assert word not in others
        assert all(re.fullmatch("[a-z]{3,}", other) for other in others), (word, others)


def test_synonyms_mean_what_a_reader_would_expect(synonyms: dict[str, list[str]]) -> None:
    assert "little" in synonyms["small"]
    assert "metropolis" in synonyms["city"]
    assert "frequently" in synonyms["often"]


def test_function_words_and_rare_readings_have_no_synonyms(synonyms: dict[str, list[str]]) -> None:
    for word in ("a", "in", "at", "are", "can", "one", "two"):
        assert word not in synonyms, "WordNet knows only homographs of function words"
    for form in ("found", "bones", "made"):
        assert form not in synonyms, "a form of a commoner word: find, bone, make"


def test_the_embedded_text_is_small() -> None:
    assert data.wordnet_synonyms().stat().st_size < 400_000
    assert sum(path.stat().st_size for path in DATA_FILES) < 3_000_000
