"""Texts as word ids: vocabularies, padding to a fixed length, and the tasks of texts.

A run knows only what its training split holds: words that occur there once are too rare to learn anything about and
stand for the unknown word, as do all others. Ids beyond the known ones keep such words apart for synonym replacement,
which can put a known word in their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from regtui import data
from regtui.catalog import DATASETS
from regtui.catalog.datasets import WORDNET_TEST_PER_CLASS
from regtui.engine import splits
from regtui.engine.randomness import Randomness
from regtui.engine.splits import Split, TaskData, select
from regtui.spec import DataSpec

PAD, UNKNOWN = 0, 1
"""Ids of what fills a text up to its length and of a word that is not known."""
MIN_COUNT = 2
"""Times a word must occur in the training split to be known. With 1,000 definitions that leaves 24 % of their own words
unknown and 33 % of the test's, so that the unknown word is well trained."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a run; the place of a word is its id."""

    words: tuple[str, ...]
    """First the padding and the unknown word, then known words, then synonyms of those, then all others."""
    known: int
    """Ids below are words that the training split teaches; all others stand for the unknown word."""
    learnable: int
    """Ids below are known as well where synonyms are put into the training texts; >= known."""

    def encode(self, texts: Iterable[Sequence[str]], length: int) -> Tensor:
        """(N, length) long ids, padded on the right; words beyond `length` are cut."""
        rows = [row[:length] for row in self.rows(texts)]
        return torch.tensor([row + [PAD] * (length - len(row)) for row in rows], dtype=torch.long).view(-1, length)

    def rows(self, texts: Iterable[Sequence[str]]) -> list[list[int]]:
        """The ids of each text, as many as it has."""
        ids = {word: number for number, word in enumerate(self.words)}
        return [[ids.get(word, UNKNOWN) for word in text] for text in texts]


def build_vocabulary(texts: Iterable[Sequence[str]], synonyms: dict[str, tuple[str, ...]]) -> Vocabulary:
    """The vocabulary of training texts: known words by falling count, equal counts in the order of the alphabet."""
    counts = Counter(word for text in texts for word in text)
    known = [word for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= MIN_COUNT]
    new = sorted({synonym for word in known for synonym in synonyms.get(word, ())} - set(known))
    rare = sorted(counts.keys() - set(known) - set(new))
    words = ("<pad>", "<unknown>", *known, *new, *rare)
    return Vocabulary(words, known=2 + len(known), learnable=2 + len(known) + len(new))


def real(ids: Tensor) -> Tensor:
    """Where a text has words and no padding: bool, of the shape of the ids."""
    return ids != PAD


@dataclass(frozen=True, slots=True, kw_only=True)
class TextData(TaskData):
    """A task of texts."""

    vocabulary: Vocabulary
    length: int
    """Words of every text, or pieces of words, padding included (L)."""
    cut: int
    """Training texts that were longer."""


@dataclass(frozen=True, slots=True)
class Source:
    """A data set of texts, parted into words."""

    train: tuple[tuple[str, ...], ...]
    """Training and validation texts are chosen from these."""
    train_labels: Tensor
    """(N,) long."""
    test: tuple[tuple[str, ...], ...]
    test_labels: Tensor


@cache
def wordnet() -> Source:
    """The embedded definitions of WordNet; the last of each class are the test set of every seed."""
    lines = [line.split("\t") for line in data.wordnet_definitions().read_text(encoding="utf-8").splitlines()]
    texts = [tuple(text.split()) for _, text in lines]
    labels = torch.tensor([data.WORDNET_CLASSES.index(name) for name, _ in lines])
    place = torch.arange(len(lines)) % data.TEXTS_PER_CLASS  # within the class: class after class
    tested = place >= data.TEXTS_PER_CLASS - WORDNET_TEST_PER_CLASS
    train, test = (~tested).nonzero().flatten(), tested.nonzero().flatten()
    return Source(tuple(texts[i] for i in train), labels[train], tuple(texts[i] for i in test), labels[test])


@cache
def wordnet_synonyms() -> dict[str, tuple[str, ...]]:
    """The embedded synonyms of WordNet by word."""
    lines = data.wordnet_synonyms().read_text(encoding="utf-8").splitlines()
    return {word: tuple(synonyms.split()) for word, synonyms in (line.split("\t") for line in lines)}


SOURCES: dict[str, Callable[[], Source]] = {"wordnet": wordnet}
"""Every data set of texts in the catalog."""


def load(spec: DataSpec, randomness: Randomness, vocabulary: Vocabulary | None = None) -> TextData:
    """The texts of a run on the device of `randomness`, keyed by its seed.

    Raises ValueError for more texts than there are, for a share outside [0, 1] and for a test shift.
    """
    if not spec.test_shift.is_identity:
        raise ValueError(f"data.test_shift mirrors, turns and moves pictures; {spec.name} is text")
    record, source = DATASETS[spec.name], SOURCES[spec.name]()
    chosen = select(spec, record, source.train_labels, source.test_labels, randomness)
    trained = [source.train[i] for i in chosen.train]
    words = vocabulary or build_vocabulary(trained, wordnet_synonyms())

    def split(texts: Iterable[Sequence[str]], labels: Tensor) -> Split:
        return Split(words.encode(texts, spec.length).to(randomness.device), labels.to(randomness.device))

    train = split(trained, chosen.labels)
    held_out = split((source.train[i] for i in chosen.validation), source.train_labels[chosen.validation])
    clean = splits.CLEAN_SAMPLES
    return TextData(
        train=train,
        clean=Split(train.inputs[:clean], train.labels[:clean]),
        validation=held_out if spec.validation else None,
        test=split((source.test[i] for i in chosen.test), source.test_labels[chosen.test]),
        true_clean_labels=chosen.true_labels[:clean].to(randomness.device) if spec.label_noise else None,
        classes=record.classes,
        vocabulary=words,
        length=spec.length,
        cut=sum(len(row) > spec.length for row in words.rows(trained)),
    )
