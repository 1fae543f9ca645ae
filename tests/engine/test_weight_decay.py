"""Weight decay: the same steps as torch's optimizers, sparing what has one dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers import Regularizer
from regtui.engine.regularizers.weight_decay import shrink
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

LR = 0.01
STRENGTH = 0.3

MakeOptimizer = Callable[[list[nn.Parameter], float], torch.optim.Optimizer]


def adamw(parameters: list[nn.Parameter], strength: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=LR, weight_decay=strength)


def sgd(parameters: list[nn.Parameter], strength: float) -> torch.optim.Optimizer:
    # Without momentum the L2 term of torch's SGD is decoupled decay: w - lr (g + s w) = (1 - lr s) w - lr g.
    return torch.optim.SGD(parameters, lr=LR, weight_decay=strength)


@pytest.fixture
def build(task: TaskData) -> Callable[[], SiteModel]:
    def make() -> SiteModel:
        model = models.build(ModelSpec(name="mlp", params={"width": 16, "depth": 2}), task)
        next(model.places("linear")).put("norm", nn.LayerNorm(16))
        models.initialize(model, 0)
        return model

    return make


def train(model: SiteModel, task: TaskData, optimizer: torch.optim.Optimizer, decay: Regularizer | None) -> None:
    for step in range(10):
        part = slice(10 * step, 10 * step + 10)
        optimizer.zero_grad()
        F.cross_entropy(model(task.train.inputs[part]), task.train.labels[part]).backward()
        if decay:
            decay.on_gradients(model, torch.tensor(LR))
        optimizer.step()


@pytest.mark.parametrize("make_optimizer", [adamw, sgd])
@pytest.mark.parametrize("everything", [True, False])
def test_ten_steps_are_those_of_torchs_optimizer(
    make_optimizer: MakeOptimizer, everything: bool,
    build: Callable[[], SiteModel], task: TaskData, randomness: Randomness, entry: MakeEntry,
) -> None:  # fmt: skip
    ours, theirs = build(), build()
    decay = regularizers.build(entry("weight_decay", strength=STRENGTH, norms_and_biases=everything), randomness)
    train(ours, task, make_optimizer(list(ours.parameters()), 0.0), decay)
    optimizer = make_optimizer([p for p in theirs.parameters() if everything or p.ndim > 1], STRENGTH)
    if spared := [p for p in theirs.parameters() if not everything and p.ndim <= 1]:
        optimizer.add_param_group({"params": spared, "weight_decay": 0.0})
    train(theirs, task, optimizer, None)
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(mine, other, rtol=1e-6, atol=1e-7, msg=name)


def test_only_parameters_of_two_dimensions_and_more_shrink_by_default(
    build: Callable[[], SiteModel], randomness: Randomness, entry: MakeEntry
) -> None:
    model, before = build(), dict(build().named_parameters())
    regularizers.build(entry("weight_decay", strength=0.5), randomness).on_gradients(model, torch.tensor(0.1))
    for name, parameter in model.named_parameters():
        assert_close(parameter, before[name] * (0.95 if parameter.ndim > 1 else 1.0), msg=name)


def test_strength_zero_changes_nothing(
    build: Callable[[], SiteModel], randomness: Randomness, entry: MakeEntry
) -> None:
    model, before = build(), dict(build().named_parameters())
    regularizers.build(entry("weight_decay", strength=0.0), randomness).on_gradients(model, torch.tensor(0.1))
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


def test_the_strength_can_be_steered(build: Callable[[], SiteModel], randomness: Randomness, entry: MakeEntry) -> None:
    model = build()
    before = model.get_parameter("linear1.weight").detach().clone()
    decay = regularizers.build(entry("weight_decay", strength=0.0), randomness)
    decay.on_gradients(model, torch.tensor(0.1))
    decay.numbers["strength"].fill_(1.0)
    decay.on_gradients(model, torch.tensor(0.1))
    assert_close(model.get_parameter("linear1.weight").detach(), before * 0.9)


def test_shrinking_is_no_part_of_the_gradient() -> None:
    weight = torch.ones(3, 3, requires_grad=True)
    decayed: list[Tensor] = [weight]
    shrink(decayed, torch.tensor(0.1), torch.tensor(1.0))
    assert weight.is_leaf and weight.grad is None
    assert_close(weight.detach(), torch.full((3, 3), 0.9))


def test_weights_stay_smaller(
    build: Callable[[], SiteModel], task: TaskData, randomness: Randomness, entry: MakeEntry
) -> None:
    plain, decayed = build(), build()
    train(plain, task, adamw(list(plain.parameters()), 0.0), None)
    decay = regularizers.build(entry("weight_decay", strength=5.0), randomness)
    train(decayed, task, adamw(list(decayed.parameters()), 0.0), decay)
    for name in ("linear1.weight", "linear2.weight", "head.weight"):
        assert decayed.get_parameter(name).norm() < 0.8 * plain.get_parameter(name).norm()
