"""The steps of a run against the same training written down in plain PyTorch."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_
from torch.testing import assert_close

from regtui.engine.metrics import StepMeter
from regtui.engine.stack import Stack
from regtui.engine.step import Step
from regtui.engine.training import Training

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeRun, MakeSpec

L2, DECAY, LIMIT = 0.02, 0.3, 0.3


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_steps_with_penalty_clipping_and_decay_are_those_of_plain_pytorch(
    optimizer: str, tiny: MakeSpec, entry: MakeEntry
) -> None:
    stack = [entry("l2", strength=L2), entry("gradient_clipping", limit=LIMIT), entry("weight_decay", strength=DECAY)]
    training = Training(tiny(*stack, optimizer=optimizer, lr=0.02, momentum=0.8, schedule="constant"))
    model, meter = copy.deepcopy(training.model), StepMeter()
    held = [weight for weight in model.parameters() if weight.ndim > 1]
    spared = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": held, "weight_decay": DECAY}, {"params": spared, "weight_decay": 0.0}]
    plain: torch.optim.Optimizer = torch.optim.AdamW(groups, lr=0.02)
    if optimizer == "sgd":
        plain = torch.optim.SGD([*held, *spared], lr=0.02, momentum=0.8)
    step, losses, norms = Step(training, meter), [], []
    for _ in range(12):  # more than the ten of an epoch
        samples = training.next_samples()
        assert step(samples, None)
        training.step += 1
        logits = model(training.task.train.inputs[samples])
        loss = F.cross_entropy(logits, training.task.train.labels[samples])
        loss = loss + L2 / 2 * sum(weight.square().sum() for weight in held)
        plain.zero_grad()
        loss.backward()
        norms.append(float(clip_grad_norm_(model.parameters(), LIMIT)))
        if optimizer == "sgd":  # torch's own decay there is the penalty
            with torch.no_grad():
                for weight in held:
                    weight.mul_(1 - 0.02 * DECAY)
        plain.step()
        losses.append(float(loss.detach()))
    assert max(norms) > LIMIT, "nothing was clipped"
    assert_close(meter.take()[0], losses, rtol=1e-4, atol=1e-5)
    for (name, ours), theirs in zip(training.model.named_parameters(), model.parameters(), strict=True):
        assert_close(ours, theirs, rtol=1e-3, atol=1e-5, msg=name)


def test_each_epoch_is_told_to_the_stack_once_and_has_an_order_of_its_own(
    tiny: MakeSpec, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Stack, "on_epoch", lambda _, epoch, epochs: told.append((epoch, epochs)))
    training = make_run(tiny()).training
    assert told == [(0, 3), (1, 3), (2, 3)]
    again, orders = Training(training.spec), []
    for _ in range(3):
        orders.append(torch.cat([_next(again) for _ in range(10)]))
    assert all(torch.equal(order.sort().values, torch.arange(80)) for order in orders)
    assert not torch.equal(orders[0], orders[1]) and not torch.equal(orders[1], orders[2])


def _next(training: Training) -> torch.Tensor:
    samples = training.next_samples()
    training.step += 1
    return samples
