"""What a run trains on and is measured with: splits, label noise, shifted evaluation images."""

from __future__ import annotations

import hashlib
import time

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from regtui import data
from regtui.catalog import DATASETS
from regtui.engine import datasets, public, splits
from regtui.engine.datasets import ImageData, Source, Split
from regtui.engine.randomness import CPU, Randomness
from regtui.spec import DataSpec, Shift

SHIFT = Shift(mirror=0.5, degrees=8.0, translate=0.08)


def load(seed: int = 0, **settings: object) -> ImageData:
    task = datasets.load(DataSpec(**settings), Randomness(seed, CPU))  # type: ignore[arg-type]
    assert isinstance(task, ImageData)
    return task


def same(one: Split, other: Split) -> bool:
    return torch.equal(one.inputs, other.inputs) and torch.equal(one.labels, other.labels)


def pictures(*splits: Split | None) -> set[bytes]:
    return {image.numpy().tobytes() for split in splits if split for image in split.inputs}


@pytest.fixture(scope="module")
def source() -> Source:
    return datasets.fashion_mnist()


def test_every_image_set_of_the_catalog_can_be_loaded() -> None:
    images = {name: record for name, record in DATASETS.items() if record.kind == "image"}
    assert datasets.SOURCES.keys() == images.keys()
    for name, record in images.items():
        if name in public.CLASSES:
            continue  # not in the package: tests/own/test_public.py
        source = datasets.SOURCES[name]()
        assert source.train.shape == (record.train_samples, *record.shape)
        assert source.test.shape == (record.test_samples, *record.shape)
        assert int(source.train_labels.max()) == int(source.test_labels.max()) == len(record.classes) - 1


def test_the_decoded_pictures_and_labels_are_those_whose_hash_is_recorded(source: Source) -> None:
    content = (source.train, source.test, source.train_labels.byte(), source.test_labels.byte())
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in content)).hexdigest()
    assert digest == data.content_hash("fashion-mnist")


def test_tensors_are_what_the_loop_expects() -> None:
    task = load(train=100, validation=50, test=100)
    for split, count in ((task.train, 100), (task.validation, 50), (task.test, 100)):
        assert split is not None
        assert split.inputs.shape == (count, *task.shape)
        assert split.inputs.dtype == torch.float32
        assert 0 <= split.inputs.min() < split.inputs.max() <= 1
        assert split.labels.shape == (count,)
        assert split.labels.dtype == torch.long
    assert task.classes == data.FASHION_CLASSES
    assert_close(task.mean, torch.tensor([0.2860]))
    assert_close(task.std, torch.tensor([0.3530]))


@pytest.mark.parametrize(("train", "validation", "test"), [(1000, 500, 2000), (1495, 505, 13), (7, 3, 1)])
def test_splits_are_balanced_and_disjoint(train: int, validation: int, test: int) -> None:
    task = load(train=train, validation=validation, test=test)
    assert task.validation is not None
    for split in (task.train, task.validation, task.test):
        counts = split.labels.bincount(minlength=10)
        assert counts.max() - counts.min() <= 1
    assert not pictures(task.train) & pictures(task.validation)
    assert len(pictures(task.train, task.validation)) == train + validation


def test_no_validation_is_none() -> None:
    assert load(train=50, validation=0, test=50).validation is None


def test_seeds_choose_other_training_images_and_the_same_test_images() -> None:
    one, again, other = load(0, train=200), load(0, train=200), load(1, train=200)
    assert same(one.train, again.train)
    assert not same(one.train, other.train)
    assert same(one.test, other.test)


def test_the_number_of_training_images_changes_nothing_else() -> None:
    small, large = load(train=200, test_shift=SHIFT), load(train=1000, test_shift=SHIFT)
    assert small.validation is not None and large.validation is not None
    assert same(small.validation, large.validation)
    assert same(small.test, large.test)
    assert torch.equal(large.train.inputs[:200], small.train.inputs)


def test_the_number_of_validation_images_changes_nothing_else() -> None:
    small, large = load(validation=100, test_shift=SHIFT), load(validation=500, test_shift=SHIFT)
    assert small.validation is not None and large.validation is not None
    assert same(small.train, large.train)
    assert same(small.test, large.test)
    assert torch.equal(large.validation.inputs[:100], small.validation.inputs)
    assert same(load(validation=0, test_shift=SHIFT).test, large.test)


def test_the_clean_subset_is_a_balanced_part_of_train(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load(train=300)
    assert same(whole.clean, whole.train)
    monkeypatch.setattr(splits, "CLEAN_SAMPLES", 100)
    part = load(train=300)
    assert len(part.clean.labels) == 100
    assert pictures(part.clean) < pictures(part.train)
    assert part.clean.labels.bincount().tolist() == [10] * 10


def test_label_noise_redraws_its_share_of_the_training_labels_only() -> None:
    task, noisy = load(), load(label_noise=0.4)
    assert task.true_clean_labels is None
    assert noisy.true_clean_labels is not None
    assert torch.equal(noisy.true_clean_labels, task.train.labels)
    assert torch.equal(noisy.train.inputs, task.train.inputs)
    assert torch.equal(noisy.clean.labels, noisy.train.labels)
    # One redrawn label in ten comes out as it was: 0.36 differ, give or take 3 standard deviations of 400 draws.
    changed = (noisy.train.labels != noisy.true_clean_labels).float().mean()
    assert changed == pytest.approx(0.36, abs=3 * (0.4 * 0.9 * 0.1 / 1000) ** 0.5)
    assert task.validation is not None and noisy.validation is not None
    assert same(noisy.validation, task.validation)
    assert same(noisy.test, task.test)


def test_more_noise_redraws_the_same_labels_and_more() -> None:
    little, much = load(label_noise=0.1), load(label_noise=0.3)
    changed = little.train.labels != little.true_clean_labels
    assert torch.equal(much.train.labels[changed], little.train.labels[changed])


def test_the_share_that_is_redrawn_is_exact() -> None:
    labels, draws = torch.zeros(100, dtype=torch.long), torch.Generator().manual_seed(0)
    noisy = splits.redraw_labels(labels, torch.arange(100), 0.29, 10**9, draws)  # none comes out as it was
    assert int((noisy != labels).sum()) == 29, "0.29 * 100 is a little less than 29"


def test_redrawn_labels_are_uniform_over_all_classes() -> None:
    labels = torch.zeros(10_000, dtype=torch.long)
    noisy = splits.redraw_labels(labels, torch.arange(10_000), 1.0, 10, torch.Generator().manual_seed(0))
    expected, deviation = 1000, (10_000 * 0.1 * 0.9) ** 0.5
    assert ((noisy.bincount(minlength=10) - expected).abs() < 4 * deviation).all()
    assert labels.sum() == 0  # the caller's labels are as they were


def test_the_shift_moves_evaluation_images_only() -> None:
    plain, moved = load(), load(test_shift=SHIFT)
    assert plain.validation is not None and moved.validation is not None
    assert same(plain.train, moved.train)
    for split, shifted in ((plain.test, moved.test), (plain.validation, moved.validation)):
        assert torch.equal(split.labels, shifted.labels)
        assert (split.inputs != shifted.inputs).flatten(1).any(1).all()


def test_a_mirrored_share_of_the_test_images_is_mirrored_exactly() -> None:
    plain, moved = load().test.inputs, load(test_shift=Shift(mirror=0.3)).test.inputs
    kept, mirrored = equal_rows(plain, moved), equal_rows(plain.flip(3), moved)
    assert (kept | mirrored).all()
    assert mirrored.float().mean() == pytest.approx(0.3, abs=3 * (0.3 * 0.7 / 2000) ** 0.5)


def test_seeds_and_splits_shift_by_draws_of_their_own() -> None:
    shift = Shift(mirror=0.5)
    tests = [load(seed, test_shift=shift).test.inputs for seed in (0, 1)]
    assert not torch.equal(*tests)
    task, plain = load(test_shift=shift, validation=200, test=200), load(validation=200, test=200)
    assert task.validation is not None and plain.validation is not None
    test = equal_rows(task.test.inputs, plain.test.inputs)
    assert not torch.equal(equal_rows(task.validation.inputs, plain.validation.inputs), test)


def equal_rows(one: Tensor, other: Tensor) -> Tensor:
    return (one == other).flatten(1).all(1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"train": 1600, "validation": 500}, "1600 . 500 = 2100.*has 2000"),
        ({"test": 2001}, "data.test is 2001.*2000"),
        ({"train": 0}, "data.train.* are 0"),
        ({"validation": -1}, "-1"),
        ({"label_noise": 1.5}, "label_noise is 1.5.*from 0 to 1"),
        ({"name": "fashion"}, "'fashion'.*fashion-mnist"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_a_sentence(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 7, 60, 100])
def test_any_start_and_end_of_a_stratified_order_keeps_the_shares_of_unequal_classes(count: int) -> None:
    labels = torch.tensor([0] * 60 + [1] * 30 + [2] * 10)
    order = splits.stratified_order(labels, torch.Generator().manual_seed(0))
    assert order.sort().values.tolist() == list(range(100))
    for part in (order[:count], order[-count:]):
        shares = labels[part].bincount(minlength=3) / count
        assert ((shares - torch.tensor([0.6, 0.3, 0.1])).abs() <= 1 / count).all()


def test_loading_takes_well_under_a_second() -> None:
    datasets.fashion_mnist.cache_clear()
    start = time.process_time()
    load(test_shift=SHIFT, label_noise=0.2)
    assert time.process_time() - start < 1
