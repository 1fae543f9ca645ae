"""An update gives the weights that the optimizer itself would give, bit for bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from regtui.engine.optim import LearningRate, build
from regtui.engine.randomness import CPU
from regtui.engine.update import Update
from regtui.spec import TrainSpec

INPUTS = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))


class Trained:
    """A small network that learns, with its optimizer as the engine builds it."""

    def __init__(self, optimizer: str) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
        train = TrainSpec(lr=0.05, optimizer=optimizer, schedule="cosine")  # type: ignore[arg-type]
        self.rate = LearningRate(train, 10, CPU)
        self.optimizer = build(self.model, train, self.rate.value)
        self.update = Update(self.optimizer)

    def step(self, number: int, *, directly: bool) -> None:
        """One step; `directly` by the optimizer's own methods."""
        self.rate.advance_to(number)
        self.optimizer.zero_grad() if directly else self.update.forget_gradients()
        self.model(INPUTS).square().sum().backward()
        self.optimizer.step() if directly else self.update()

    def weights(self) -> list[Tensor]:
        return [weight.detach().clone() for weight in self.model.parameters()]


def same(one: Trained, other: Trained) -> bool:
    states = [trained.optimizer.state_dict()["state"] for trained in (one, other)]
    assert states[0].keys() == states[1].keys()
    return all(map(torch.equal, one.weights(), other.weights())) and all(
        torch.equal(value, states[1][weight][key]) if isinstance(value, Tensor) else value == states[1][weight][key]
        for weight, state in states[0].items()
        for key, value in state.items()
    )


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_it_steps_as_the_optimizer_does_bit_for_bit(optimizer: str) -> None:
    one, other = Trained(optimizer), Trained(optimizer)
    for number in range(5):
        one.step(number, directly=False)
        other.step(number, directly=True)
        assert same(one, other)


def test_a_state_that_was_put_back_is_gone_on_from() -> None:
    one, other = Trained("adamw"), Trained("adamw")
    for number in range(3):
        for trained in (one, other):
            trained.step(number, directly=False)
        if number == 1:
            kept = copy.deepcopy([one.optimizer.state[weight] for weight in one.model.parameters()])
            weights = one.weights()
    for trained in (one, other):  # as a checkpoint does it
        for weight, before, state in zip(trained.model.parameters(), weights, copy.deepcopy(kept), strict=True):
            weight.data.copy_(before)
            trained.optimizer.state[weight] = state
    one.step(2, directly=False)
    other.step(2, directly=True)
    assert same(one, other) and one.optimizer.state[next(one.model.parameters())]["step"] == 3


def test_a_weight_that_is_held_fast_stays_as_it_is() -> None:
    one, other = Trained("adamw"), Trained("adamw")
    for trained in (one, other):
        trained.model[0].requires_grad_(False)
    held = one.weights()[0]
    for number in range(3):
        one.step(number, directly=False)
        other.step(number, directly=True)
    assert same(one, other) and torch.equal(one.weights()[0], held)
