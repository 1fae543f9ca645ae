"""L2, L1, max-norm and gradient clipping: torch's own steps, and weights that stay small."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.engine import models
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers.gradient_clipping import clip
from regtui.engine.regularizers.max_norm import limit_rows
from regtui.engine.regularizers.penalties import absolute_sum, half_squares, shrink_to_zero
from regtui.engine.stack import Stack
from regtui.spec import ModelSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

LR = torch.tensor(0.01)


@pytest.fixture
def build(task: TaskData) -> Callable[[], SiteModel]:
    def make() -> SiteModel:
        model = models.build(ModelSpec(name="mlp", params={"width": 16, "depth": 2}), task)
        next(model.places("linear")).put("norm", nn.LayerNorm(16))
        models.initialize(model, 0)
        return model

    return make


def train(model: SiteModel, task: TaskData, optimizer: torch.optim.Optimizer, *entries: StackEntry) -> None:
    """Twenty steps, as the loop takes them."""
    stack = Stack(entries, Randomness(0, CPU))
    for step in range(20):
        part = slice(10 * (step % 10), 10 * (step % 10) + 10)
        loss = F.cross_entropy(model(task.train.inputs[part]), task.train.labels[part])
        penalty = stack.penalty(model)
        optimizer.zero_grad()
        (loss if penalty is None else loss + penalty).backward()
        stack.on_gradients(model, LR)
        optimizer.step()
        stack.on_step(model)


def adam(model: SiteModel, decay: float = 0.0) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=float(LR), weight_decay=decay)


def weights(model: SiteModel) -> list[Tensor]:
    return [p.detach() for p in model.parameters() if p.ndim > 1]


def norm(model: SiteModel) -> float:
    return float(torch.cat([w.flatten() for w in weights(model)]).norm())


def test_l2_takes_the_steps_of_torchs_adam(build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry) -> None:
    ours, theirs = build(), build()
    train(ours, task, adam(ours), entry("l2", strength=0.05, norms_and_biases=True))
    train(theirs, task, adam(theirs, decay=0.05))
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(mine, other, rtol=1e-3, atol=1e-5, msg=name)


def test_gradients_of_the_penalties_are_the_weights_and_their_signs() -> None:
    one, two = torch.randn(3, 4, requires_grad=True), torch.randn(2, 2, requires_grad=True)
    gradients = torch.autograd.grad(half_squares([one, two]), [one, two])
    assert_close(gradients, (one.detach(), two.detach()))
    gradients = torch.autograd.grad(absolute_sum([one, two]), [one, two])
    assert_close(gradients, (one.detach().sign(), two.detach().sign()))


@pytest.mark.parametrize("name", ["l2", "l1"])
def test_norms_and_biases_are_spared_by_default(name: str, build: Callable[[], SiteModel], entry: MakeEntry) -> None:
    model = build()
    for everything in (False, True):
        stack = Stack([entry(name, strength=1.0, norms_and_biases=everything)], Randomness(0, CPU))
        penalty = stack.penalty(model)
        assert penalty is not None
        gradients = torch.autograd.grad(penalty, list(model.parameters()), allow_unused=True)
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            assert (gradient is not None) == (everything or parameter.ndim > 1)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("l2", {"strength": 0.0}),
        ("l1", {"strength": 0.0}),
        ("l1", {"strength": 0.0, "exact_zeros": True}),
        ("max_norm", {"limit": 100.0}),
        ("gradient_clipping", {"limit": 1000.0}),
    ],
)
def test_strength_zero_changes_no_bit(
    name: str, settings: dict[str, float], build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry
) -> None:
    ours, plain = build(), build()
    train(ours, task, adam(ours), entry(name, **settings))
    train(plain, task, adam(plain))
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), plain.parameters(), strict=True))


HOLDING: list[tuple[str, dict[str, Any]]] = [
    ("weight_decay", {"strength": 1.0}),
    ("l2", {"strength": 1.0}),
    ("l1", {"strength": 1.0}),
    ("l1", {"strength": 1.0, "exact_zeros": True}),
    ("max_norm", {"limit": 0.01}),
]
"""Every entry that holds weights down."""


@pytest.mark.parametrize(("name", "settings"), HOLDING)
def test_weights_that_are_held_fast_stay_as_they_are(
    name: str, settings: dict[str, Any], build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry
) -> None:
    model, start = build(), dict(build().named_parameters())
    for parameter in model.get_submodule("linear1").parameters():
        parameter.requires_grad_(False)
    train(model, task, adam(model), entry(name, **settings))
    for path, parameter in model.named_parameters():
        assert torch.equal(parameter, start[path]) == path.startswith("linear1."), path


@pytest.mark.parametrize(("name", "settings"), HOLDING)
def test_where_only_biases_are_trained_there_is_nothing_to_hold_down(
    name: str, settings: dict[str, Any], build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry
) -> None:
    held, plain = build(), build()
    for model in (held, plain):
        for parameter in model.parameters():
            parameter.requires_grad_(parameter.ndim == 1)
    train(held, task, adam(held), entry(name, **settings))
    train(plain, task, adam(plain))
    assert all(torch.equal(a, b) for a, b in zip(held.parameters(), plain.parameters(), strict=True))


@pytest.mark.parametrize(("name", "strength"), [("l2", 0.1), ("l1", 0.01)])
def test_penalties_keep_weights_small(
    name: str, strength: float, build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry
) -> None:
    held, plain = build(), build()
    train(held, task, adam(held), entry(name, strength=strength))
    train(plain, task, adam(plain))
    assert norm(held) < 0.9 * norm(plain)


def test_only_the_proximal_step_makes_exact_zeros(
    build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry
) -> None:
    zeros = []
    for exact in (False, True):
        model = build()
        train(model, task, adam(model), entry("l1", strength=0.5, exact_zeros=exact))
        zeros.append(float(torch.cat([w.flatten() == 0 for w in weights(model)]).float().mean()))
    assert zeros[0] == 0
    assert zeros[1] > 0.1


def test_shrinking_goes_no_further_than_zero() -> None:
    weight = torch.tensor([[0.5, -0.5, 0.1, -0.1, 0.0]])
    shrink_to_zero([weight], torch.tensor(0.2))
    assert_close(weight, torch.tensor([[0.3, -0.3, 0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("shape", [(6, 5), (6, 3, 3, 3)])
def test_max_norm_is_torchs_renorm(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * torch.arange(6.0).view(
        6, *[1] * (len(shape) - 1)
    )
    limited = weight.clone()
    limit_rows([limited], torch.tensor(2.5))
    assert_close(limited, weight.renorm(2, 0, 2.5), rtol=1e-5, atol=1e-6)
    under = weight.flatten(1).norm(dim=1) < 2.5
    assert torch.equal(limited[under], weight[under])
    assert 0 < int(under.sum()) < 6  # the first row is all zeros


def test_max_norm_holds_after_every_step(build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry) -> None:
    model = build()
    train(model, task, adam(model), entry("max_norm", limit=0.3))
    assert all(float(w.flatten(1).norm(dim=1).max()) <= 0.3 + 1e-6 for w in weights(model))


@pytest.mark.parametrize("limit", [0.5, 5.0, 500.0])
def test_clipping_is_torchs(limit: float) -> None:
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(4, 5, generator=generator), torch.randn(7, generator=generator)]
    parameters = [nn.Parameter(torch.zeros_like(g)) for g in ours]
    for parameter, gradient in zip(parameters, ours, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_norm_(parameters, limit)
    clip(ours, torch.tensor(limit))
    for gradient, parameter in zip(ours, parameters, strict=True):
        assert_close(gradient, parameter.grad)


def test_a_clipped_step_is_bounded(build: Callable[[], SiteModel], task: TaskData, entry: MakeEntry) -> None:
    """Under plain SGD no step can be longer than lr x limit."""
    model = build()
    before = [p.detach().clone() for p in model.parameters()]
    train(model, task, torch.optim.SGD(model.parameters(), lr=float(LR)), entry("gradient_clipping", limit=0.1))
    moves = [(p.detach() - b).flatten() for p, b in zip(model.parameters(), before, strict=True)]
    assert 0 < float(torch.cat(moves).norm()) <= 20 * float(LR) * 0.1 + 1e-6
