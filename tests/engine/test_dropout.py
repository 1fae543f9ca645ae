"""Dropout: what it blanks, what it keeps, and whose random numbers it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers.dropout import Dropout, DropoutLayer, dropout
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

P = torch.tensor(0.3)


def layer(p: float, seed: int = 0) -> DropoutLayer:
    return DropoutLayer(torch.tensor(p), torch.Generator().manual_seed(seed))


@settings(deadline=None, derandomize=True)
@given(p=st.floats(0, 0.99), shape=st.sampled_from([(4,), (2, 3), (2, 3, 4, 5)]))
def test_units_are_either_blanked_or_scaled_by_the_kept_share(p: float, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(2))
    assert_close(dropout(x, torch.tensor(p), noise), torch.where(noise < p, 0.0, x / (1 - p)))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_is_p_and_the_expectation_is_kept(p: float) -> None:
    units = 200_000
    y = layer(p)(torch.ones(units))
    deviation = (p * (1 - p) / units) ** 0.5
    assert float((y == 0).float().mean()) == pytest.approx(p, abs=4 * deviation)
    assert float(y.mean()) == pytest.approx(1, abs=4 * deviation / (1 - p))


def test_probability_zero_is_the_identity() -> None:
    x = torch.randn(8, 3, 5, 5)
    assert torch.equal(layer(0.0)(x), x)


def test_evaluation_returns_the_very_tensor() -> None:
    x = torch.randn(8, 3)
    assert layer(0.5).eval()(x) is x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_shape_dtype_and_memory_layout_are_kept(dtype: torch.dtype, memory_format: torch.memory_format) -> None:
    x = torch.ones(2, 3, 4, 5, dtype=dtype).to(memory_format=memory_format)
    y = layer(0.5)(x)
    assert (y.shape, y.dtype, y.stride()) == (x.shape, x.dtype, x.stride())


def test_half_precision_blanks_the_same_share() -> None:
    y = layer(0.001)(torch.ones(400_000, dtype=torch.bfloat16))
    assert float((y == 0).float().mean()) == pytest.approx(0.001, abs=4 * (0.001 / 400_000) ** 0.5)


def test_the_same_seed_blanks_the_same_units_and_the_next_batch_others() -> None:
    x = torch.ones(1000)
    one, again, other = layer(0.5, 1), layer(0.5, 1), layer(0.5, 2)
    first = one(x)
    assert torch.equal(again(x), first)
    assert not torch.equal(other(x), first)
    assert not torch.equal(one(x), first)


def test_gradients_flow_through_the_kept_units_only() -> None:
    x = torch.ones(1000, requires_grad=True)
    y = layer(0.25)(x)
    y.sum().backward()
    assert x.grad is not None
    assert_close(x.grad, y.detach())


def build(task: TaskData, randomness: Randomness, entry: MakeEntry, where: str) -> tuple[SiteModel, Dropout]:
    model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
    regularizer = regularizers.build(entry("dropout", where, p=0.5), randomness)
    assert isinstance(regularizer, Dropout)
    regularizer.build(model)
    models.initialize(model, 0)
    return model, regularizer


@pytest.mark.parametrize(("where", "places"), [("input", 1), ("activation", 6), ("block", 3), ("head", 1)])
def test_it_acts_at_every_place_of_its_site(
    where: str, places: int, task: TaskData, randomness: Randomness, entry: MakeEntry
) -> None:
    model, _ = build(task, randomness, entry, where)
    layers = {id(module.generator) for module in model.modules() if isinstance(module, DropoutLayer)}
    assert len(layers) == places  # as many generators: each place draws masks of its own
    images = task.train.inputs[:8]
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


def test_steering_reaches_all_places_at_once(task: TaskData, randomness: Randomness, entry: MakeEntry) -> None:
    model, regularizer = build(task, randomness, entry, "block")
    plain, _ = build(task, Randomness(0, CPU), entry, "block")
    regularizer.numbers["p"].fill_(0.0)
    images = task.train.inputs[:8]
    assert torch.equal(model(images), plain.eval()(images))
