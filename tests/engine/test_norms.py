"""Norms against torch's own, on units, pictures and texts; what is normalized together, and what padding may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.engine import models, regularizers
from regtui.engine.datasets import ImageData
from regtui.engine.models.norms import BatchNorm, Norm, batch_statistics, group_norm, layer_norm, rms_norm
from regtui.engine.models.sites import Place
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.text import TextData
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

NAMES = ("layernorm", "rmsnorm", "groupnorm", "instancenorm")
WEIGHT, BIAS = torch.linspace(0.5, 2, 8), torch.linspace(-1, 1, 8)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 3 + 1


@pytest.fixture
def words() -> tuple[Tensor, Tensor]:
    """(B, L, D) features and their mask: texts of 5, 3 and 4 words."""
    mask = torch.arange(5) < torch.tensor([[5], [3], [4]])
    return draw(3, 5, 8), mask


def test_layernorm_of_a_picture_is_groupnorm_of_one_group_and_of_units_torchs() -> None:
    x = draw(4, 8, 5, 5)
    assert_close(layer_norm(x, WEIGHT, BIAS, 1e-5), F.group_norm(x, 1, WEIGHT, BIAS))
    plain = layer_norm(x, torch.ones(8), torch.zeros(8), 1e-5)
    assert_close(plain, F.layer_norm(x, x.shape[1:]))
    for shape in ((4, 8), (4, 6, 8)):
        assert_close(layer_norm(draw(*shape), WEIGHT, BIAS, 1e-5), F.layer_norm(draw(*shape), (8,), WEIGHT, BIAS))


def test_rmsnorm_is_torchs() -> None:
    for shape in ((4, 8), (4, 6, 8)):
        assert_close(rms_norm(draw(*shape), WEIGHT, 1e-5), F.rms_norm(draw(*shape), (8,), WEIGHT, 1e-5))
    x = draw(4, 8, 5, 5)
    assert_close(rms_norm(x, torch.ones(8), 1e-5), F.rms_norm(x, x.shape[1:], eps=1e-5))
    assert_close(rms_norm(x, WEIGHT, 1e-5), rms_norm(x, torch.ones(8), 1e-5) * WEIGHT[:, None, None])


def test_groupnorm_is_torchs_and_takes_each_word_of_a_text_by_itself(words: tuple[Tensor, Tensor]) -> None:
    x = draw(4, 8, 5, 5)
    assert_close(group_norm(x, 2, WEIGHT, BIAS, 1e-5), F.group_norm(x, 2, WEIGHT, BIAS))
    texts, _ = words
    one_by_one = torch.stack([F.group_norm(texts[:, i], 2, WEIGHT, BIAS) for i in range(5)], 1)
    assert_close(group_norm(texts, 2, WEIGHT, BIAS, 1e-5), one_by_one)


@pytest.mark.parametrize("name", NAMES)
def test_norms_of_one_sample_stand_after_each_layer_and_begin_as_the_identity(
    name: str, task: ImageData, entry: MakeEntry
) -> None:
    model = models.build(ModelSpec(name="cnn", params={"width": 8}), task)
    regularizers.build(entry(name, "conv"), Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    norms = [module for module in model.modules() if isinstance(module, Norm)]
    assert len(norms) == 6
    x = draw(4, norms[0].num_features, 6, 6)
    y = norms[0](x)
    assert y.shape == x.shape
    axes = {"instancenorm": (2, 3), "groupnorm": (2, 3, 4)}.get(name, (1, 2, 3))
    grouped = y.view(4, 2, 4, 6, 6) if name == "groupnorm" else y
    assert_close(grouped.square().mean(axes), torch.ones_like(grouped.square().mean(axes)), rtol=1e-3, atol=1e-3)
    if name != "rmsnorm":
        assert_close(grouped.mean(axes), torch.zeros_like(grouped.mean(axes)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_does_not_depend_on_its_batch_and_training_is_evaluation(
    name: str, task: ImageData, entry: MakeEntry
) -> None:
    """What they are for: nothing to remember, nothing to switch, any batch size."""
    model = models.build(ModelSpec(name="cnn", params={"width": 8}), task)
    regularizers.build(entry(name, "conv"), Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    images = task.train.inputs[:8]
    assert_close(model(images)[:1], model(images[:1]), rtol=1e-4, atol=1e-5)
    assert_close(model(images), model.eval()(images))


@pytest.mark.parametrize(("name", "where", "said"), [
    ("instancenorm", "conv", "each value by itself"), ("groupnorm", "input", "1 channels cannot be parted into 2"),
])  # fmt: skip
def test_a_norm_over_single_values_is_refused_with_a_sentence(
    name: str, where: str, said: str, task: ImageData, entry: MakeEntry
) -> None:
    model = models.build(ModelSpec(name="resnet18"), task)
    with pytest.raises(ValueError, match=said):
        regularizers.build(entry(name, where), Randomness(0, CPU)).build(model)
        model(task.train.inputs[:2])


def test_groups_of_one_unit_are_refused(task: ImageData, entry: MakeEntry) -> None:
    model = models.build(ModelSpec(name="mlp", params={"width": 4, "depth": 1}), task)
    regularizers.build(entry("groupnorm", "linear", groups=4), Randomness(0, CPU)).build(model)
    with pytest.raises(ValueError, match=r"\(2, 4\).*each value by itself"):
        model(task.train.inputs[:2])


def test_statistics_with_a_mask_are_those_of_the_words_alone(words: tuple[Tensor, Tensor]) -> None:
    x, mask = words
    mean, var, count = batch_statistics(x, mask)
    rows = x[mask]
    assert int(count) == len(rows) == 12
    assert_close(mean, rows.mean(0))
    assert_close(var, rows.var(0, correction=0))


@pytest.mark.parametrize("variant", [{}, {"cumulative": True}, {"freezes": True}, {"running": False}])
def test_batchnorm_of_words_is_torchs_of_the_words_without_padding(
    variant: dict[str, bool], words: tuple[Tensor, Tensor]
) -> None:
    x, mask = words
    ours = BatchNorm(8, 1e-5, 0.1, device=CPU, **variant)
    momentum = None if variant.get("cumulative") else 0.1
    theirs = nn.BatchNorm1d(8, momentum=momentum, track_running_stats=variant.get("running", True))
    for step in range(3):
        assert_close(ours(x + step, mask)[mask], theirs((x + step)[mask]))
    if theirs.running_mean is not None:
        assert_close(ours.running_mean, theirs.running_mean)
        assert_close(ours.running_var, theirs.running_var)
    assert_close(ours.eval()(x, mask)[mask], theirs.eval()(x[mask]))


def test_without_its_mask_batchnorm_counts_the_padding(words: tuple[Tensor, Tensor]) -> None:
    x, mask = words
    ours, theirs = BatchNorm(8, 1e-5, 0.1, device=CPU, masked=False), nn.BatchNorm1d(8)
    assert_close(ours(x, mask), theirs(x.transpose(1, 2)).transpose(1, 2))
    assert_close(ours.running_var, theirs.running_var)


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 4, 4)])
def test_cumulative_batchnorm_is_torchs_without_momentum(shape: tuple[int, ...]) -> None:
    ours, theirs = BatchNorm(8, 1e-5, 0.1, device=CPU, cumulative=True), nn.BatchNorm2d(8, momentum=None)
    for seed in range(4):
        x = draw(*shape, seed=seed)
        assert_close(ours(x), F.batch_norm(x, None, None, training=True))
        theirs(x.view(6, 8, -1, 1))
    assert_close(ours.running_mean, theirs.running_mean)
    assert_close(ours.running_var, theirs.running_var)


def test_frozen_statistics_normalize_training_as_evaluation_and_stay(task: ImageData, entry: MakeEntry) -> None:
    model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
    regularizer = regularizers.build(entry("batchnorm", frozen_after=0.5), Randomness(0, CPU))
    regularizer.build(model)
    models.initialize(model, 0)
    images, norms = task.train.inputs[:16], [module for module in model.modules() if isinstance(module, BatchNorm)]
    regularizer.on_epoch(4, 10)
    model(images)
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    assert all(value.abs().sum() > 0 for value in before)
    assert not torch.allclose(model(images), model.eval()(images), atol=1e-3)
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    regularizer.on_epoch(5, 10)
    assert_close(model.train()(images), model.eval()(images))
    assert all(torch.equal(norm.running_mean, old) for norm, old in zip(norms, before, strict=True))  # type: ignore[arg-type]


def test_batchnorm_without_running_statistics_lets_the_batch_into_evaluation(task: ImageData, entry: MakeEntry) -> None:
    model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
    regularizers.build(entry("batchnorm", statistics="batch"), Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    model.eval()
    images = task.test.inputs
    assert not torch.allclose(model(images[:4])[0], model(images[[0, 5, 6, 7]])[0], atol=1e-3)


@pytest.mark.parametrize(("name", "params", "moves"), [
    ("layernorm", {}, False), ("rmsnorm", {}, False), ("groupnorm", {}, False),
    ("batchnorm", {"mask": True}, False), ("batchnorm", {"mask": False}, True),
])  # fmt: skip
def test_only_batchnorm_without_a_mask_lets_padding_change_the_output(
    name: str, params: dict[str, bool], moves: bool, texts: TextData, entry: MakeEntry
) -> None:
    """In training mode: the same words, 8 more places of padding."""
    from dataclasses import replace

    longer = F.pad(texts.train.inputs[:8], (0, 8))
    model = models.build(
        ModelSpec(name="bert", params={"layers": 1, "width": 8, "heads": 2, "norm_place": "pre"}),
        replace(texts, length=longer.shape[1]),
    )
    regularizers.build(entry(name, "norm", **params), Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    with torch.no_grad():
        same = torch.allclose(model(texts.train.inputs[:8]), model(longer), atol=1e-5)
    assert same != moves


def test_a_place_hands_its_mask_to_modules_that_want_one(words: tuple[Tensor, Tensor]) -> None:
    x, mask = words
    place = Place("norm", "layer", 8)
    place.put("batchnorm", BatchNorm(8, 1e-5, 0.1, device=CPU))
    place.put("scale", nn.Linear(8, 8))
    assert place(x, mask).shape == x.shape
    assert not torch.allclose(place(x, mask)[mask], place(x)[mask], atol=1e-3)
