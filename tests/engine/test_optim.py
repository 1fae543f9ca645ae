"""The learning rate of every step, and optimizers that are PyTorch's own without their decay."""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from regtui.engine.optim import LearningRate, build, schedule_factor
from regtui.engine.randomness import CPU
from regtui.spec import TrainSpec


@given(st.sampled_from(["constant", "cosine", "onecycle"]), st.integers(1, 3000), st.data())
def test_no_step_is_without_effect_or_above_the_peak(schedule: str, total: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, total - 1))
    assert 0 < schedule_factor(schedule, step, total) <= 1


def test_onecycle_rises_evenly_for_three_tenths_and_then_falls_to_almost_nothing() -> None:
    factors = [schedule_factor("onecycle", step, 1000) for step in range(1000)]
    assert factors.index(1.0) == 299
    assert factors[149] == pytest.approx(0.5)
    assert all(before < after for before, after in pairwise(factors[:300]))
    assert all(before > after for before, after in pairwise(factors[299:]))
    assert factors[-1] < 1e-5


def test_cosine_is_at_half_its_peak_in_the_middle() -> None:
    assert schedule_factor("cosine", 0, 100) == 1
    assert schedule_factor("cosine", 50, 100) == pytest.approx(0.5)


def test_an_unknown_schedule_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'linear'"):
        schedule_factor("linear", 0, 10)


def test_a_steered_peak_scales_the_rates_from_then_on() -> None:
    rate = LearningRate(TrainSpec(lr=0.1, schedule="cosine"), 10, CPU)
    before = rate.advance_to(5).item()
    rate.set(0.3)
    assert rate.advance_to(5).item() == pytest.approx(3 * before)


@pytest.mark.parametrize("peak", [0.0, -1.0, math.inf, math.nan])
def test_a_peak_that_cannot_train_is_refused(peak: float) -> None:
    rate = LearningRate(TrainSpec(lr=0.1), 10, CPU)
    with pytest.raises(ValueError, match=r"train\.lr"):
        rate.set(peak)
    assert rate.peak == 0.1


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_rate_is_read_from_the_tensor_in_every_step(optimizer: str) -> None:
    """Oracle: PyTorch's optimizer with a plain number, set anew before every step, and no decay."""
    train = TrainSpec(lr=0.05, optimizer=optimizer, momentum=0.8, schedule="cosine")  # type: ignore[arg-type]
    ours = nn.Linear(6, 4)
    theirs = copy.deepcopy(ours)
    rate = LearningRate(train, 10, CPU)
    our_optimizer = build(ours, train, rate.value)
    their_optimizer = (
        torch.optim.AdamW(theirs.parameters(), lr=1.0, weight_decay=0.0)
        if optimizer == "adamw"
        else torch.optim.SGD(theirs.parameters(), lr=1.0, momentum=0.8)
    )
    inputs = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    for step in range(10):
        rate.advance_to(step)
        their_optimizer.param_groups[0]["lr"] = rate.at(step)
        for model, steps in ((ours, our_optimizer), (theirs, their_optimizer)):
            steps.zero_grad()
            model(inputs).square().sum().backward()
            steps.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)
