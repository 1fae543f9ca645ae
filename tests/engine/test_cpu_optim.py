"""Optimizers for a CPU give the weights and the state that PyTorch's classes give, bit for bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from regtui.engine import cpu_optim
from regtui.engine.cpu_optim import CpuOptimizer

INPUTS = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
NAMES = ["adamw", "sgd", "sgd without momentum"]


class Trained:
    """A small network that learns."""

    def __init__(self, name: str, *, ours: bool) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
        self.rate = torch.tensor(0.0)
        self.optimizer = self._ours(name) if ours else self._theirs(name)

    def _ours(self, name: str) -> CpuOptimizer:
        weights = self.model.parameters()
        if name == "adamw":
            return cpu_optim.AdamW(weights, self.rate)
        return cpu_optim.SGD(weights, self.rate, momentum=0.8 if name == "sgd" else 0.0)

    def _theirs(self, name: str) -> torch.optim.Optimizer:
        weights = self.model.parameters()
        if name == "adamw":
            return torch.optim.AdamW(weights, lr=self.rate, weight_decay=0.0, fused=True)
        return torch.optim.SGD(weights, lr=self.rate, momentum=0.8 if name == "sgd" else 0.0, fused=True)

    def step(self, number: int) -> None:
        self.rate.fill_(0.05 / (1 + number))
        self.optimizer.zero_grad()
        self.model(INPUTS).square().sum().backward()
        self.optimizer.step()

    def weights(self) -> list[Tensor]:
        return [weight.detach().clone() for weight in self.model.parameters()]

    def state(self) -> list[dict[str, Tensor]]:
        kept = (self.optimizer.state.get(weight, {}) for weight in self.model.parameters())
        return [{key: value for key, value in state.items() if value is not None} for state in kept]


def same(one: Trained, other: Trained) -> bool:
    assert [state.keys() for state in one.state()] == [state.keys() for state in other.state()]
    pairs = zip(one.state(), other.state(), strict=True)
    return all(map(torch.equal, one.weights(), other.weights())) and all(
        torch.equal(mine[key], theirs[key]) and mine[key].dtype == theirs[key].dtype
        for mine, theirs in pairs for key in mine
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_state_are_those_of_the_class_bit_for_bit(name: str) -> None:
    one, other = Trained(name, ours=True), Trained(name, ours=False)
    for number in range(5):
        one.step(number)
        other.step(number)
        assert same(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_that_was_put_back_is_gone_on_from(name: str) -> None:
    whole, resumed = Trained(name, ours=True), Trained(name, ours=True)
    for number in range(2):
        whole.step(number)
    kept = copy.deepcopy(whole.state())
    for weight, before, state in zip(resumed.model.parameters(), whole.weights(), kept, strict=True):
        weight.data.copy_(before)
        resumed.optimizer.state[weight] = state  # empty for a weight that has none
    for trained in (whole, resumed):
        trained.step(2)
    assert same(whole, resumed)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_that_is_held_fast_stays_as_it_is(name: str) -> None:
    one, other = Trained(name, ours=True), Trained(name, ours=False)
    for trained in (one, other):
        trained.model[0].requires_grad_(False)
    held = one.weights()[0]
    for number in range(3):
        one.step(number)
        other.step(number)
    assert same(one, other) and torch.equal(one.weights()[0], held) and not one.state()[0]
    one.model.requires_grad_(False)
    one.optimizer.zero_grad()
    one.optimizer.step()
    assert same(one, other), "without any gradient nothing moves"


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_that_has_its_first_gradient_late_begins_then(name: str) -> None:
    """As that of a branch that a network's own code does not always take."""
    late = Trained(name, ours=True)
    model = copy.deepcopy(late.model)
    plain = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0) if name == "adamw" else torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.8 if name == "sgd" else 0.0, foreach=False
    )  # fmt: skip
    late.rate.fill_(0.1)
    for step in range(4):
        # A checkpoint brings back that a weight has nothing yet, too.
        late.optimizer.state.update({w: {} for w in late.model.parameters() if w not in late.optimizer.state})
        for network, optimizer in ((late.model, late.optimizer), (model, plain)):
            optimizer.zero_grad()
            seen = network[0](INPUTS) if step < 2 else network(INPUTS)
            seen.square().sum().backward()
            optimizer.step()
    for one, other in zip(late.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other)
