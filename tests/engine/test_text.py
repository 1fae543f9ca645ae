"""Texts: vocabulary from the training split alone, fixed lengths, splits that never meet."""

from __future__ import annotations

import pytest
import torch

from regtui.catalog import DATASETS
from regtui.engine import datasets, text
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.splits import Split
from regtui.engine.text import PAD, UNKNOWN, TextData, build_vocabulary, real
from regtui.spec import DataSpec, Shift


def load(seed: int = 0, **settings: object) -> TextData:
    task = datasets.load(DataSpec(name="wordnet", **settings), Randomness(seed, CPU))  # type: ignore[arg-type]
    assert isinstance(task, TextData)
    return task


def rows(*splits: Split | None) -> set[tuple[int, ...]]:
    return {tuple(row) for split in splits if split for row in split.inputs.tolist()}


def test_the_source_is_as_the_catalog_says() -> None:
    source, record = text.wordnet(), DATASETS["wordnet"]
    assert (len(source.train), len(source.test)) == (record.train_samples, record.test_samples)
    assert source.train_labels.bincount().tolist() == [800] * 10
    assert source.test_labels.bincount().tolist() == [200] * 10
    assert max(map(len, source.train)) == record.shape[0]
    assert not set(source.train) & set(source.test)


def test_words_that_occur_twice_are_known_the_most_frequent_first() -> None:
    texts = [("a", "cat", "a"), ("cat", "dog", "a"), ("pig", "bee")]
    found = build_vocabulary(texts, {"cat": ("dog", "feline"), "pig": ("hog",)})
    assert found.words == ("<pad>", "<unknown>", "a", "cat", "dog", "feline", "bee", "pig")
    assert (found.known, found.learnable) == (4, 6)  # synonyms of known words only


def test_texts_are_padded_cut_and_counted() -> None:
    vocabulary = build_vocabulary([("a", "b", "a", "b")], {})
    assert vocabulary.encode([("a",), ("b", "a", "b", "a"), ("x", "b")], 3).tolist() == [
        [2, PAD, PAD], [3, 2, 3], [UNKNOWN, 3, PAD],
    ]  # fmt: skip
    whole = load(train=500, length=40).train.inputs
    assert load(train=500, length=16).cut == int(whole[:, 16].count_nonzero()) > 0


@pytest.mark.parametrize("length", [16, 24, 40])
def test_tensors_are_what_the_loop_expects(length: int) -> None:
    task = load(train=100, validation=50, test=100, length=length)
    assert (task.length, task.classes) == (length, DATASETS["wordnet"].classes)
    for split, count in ((task.train, 100), (task.validation, 50), (task.test, 100)):
        assert split is not None
        assert split.inputs.shape == (count, length)
        assert split.inputs.dtype == split.labels.dtype == torch.long
        assert split.inputs.min() >= 0 and split.inputs.max() < len(task.vocabulary.words)
        assert split.labels.bincount().tolist() == [count // 10] * 10
        words = real(split.inputs)
        assert bool((words[:, :-1] >= words[:, 1:]).all()) and bool(words[:, :4].all())  # padding at the right


def test_splits_are_disjoint_and_only_the_training_texts_depend_on_the_seed() -> None:
    one, other = text.wordnet(), load(1)
    assert load(0).train.labels.tolist() == load(0).train.labels.tolist()
    assert other.validation is not None
    assert len(one.test) == 2000
    words = other.vocabulary.words
    decoded = {tuple(words[i] for i in row if i) for row in load(1, length=40).train.inputs.tolist()}
    assert decoded <= set(one.train)


def test_the_vocabulary_comes_from_the_training_split_alone() -> None:
    few, many = load(train=200), load(train=200, validation=2000, test=2000)
    assert few.vocabulary == many.vocabulary
    assert torch.equal(few.train.inputs, many.train.inputs)
    assert many.validation is not None
    unknown = (many.test.inputs == UNKNOWN).sum() / real(many.test.inputs).sum()
    assert 0.1 < unknown < 0.5


def test_label_noise_redraws_training_labels_only() -> None:
    clean, noisy = load(train=500), load(train=500, label_noise=0.4)
    assert noisy.true_clean_labels is not None
    assert torch.equal(noisy.true_clean_labels, clean.train.labels)
    assert torch.equal(noisy.train.inputs, clean.train.inputs)
    assert torch.equal(noisy.test.labels, clean.test.labels)
    assert 0.25 < float((noisy.train.labels != clean.train.labels).float().mean()) < 0.45


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"test_shift": Shift(mirror=0.5)}, "test_shift mirrors, turns and moves pictures; wordnet is text"),
        ({"train": 8000}, "8000 . 500 = 8500.*has 8000"),
        ({"test": 2001}, "data.test is 2001"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_a_sentence(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load(**settings)  # type: ignore[arg-type]
