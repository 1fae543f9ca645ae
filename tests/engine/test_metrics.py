"""Metrics against direct computation; buckets and events that lose no step and tell none twice."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from regtui.engine.metrics import StepMeter, evaluate, significant, to_buckets
from regtui.engine.reporter import BLOCK, Reporter
from regtui.events import RunEvent, Steps

values = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=300)


@given(st.integers(1, 10_000), values)
def test_every_step_is_in_exactly_one_bucket(first: int, numbers: list[float]) -> None:
    buckets = to_buckets(first, numbers)
    covered = [step for bucket in buckets for step in range(bucket.first, bucket.first + bucket.count)]
    assert covered == list(range(first, first + len(numbers)))
    assert len(buckets) == min(len(numbers), 32)


@given(values.filter(bool))
def test_a_mean_lies_between_its_extremes_and_no_spike_is_lost(numbers: list[float]) -> None:
    buckets = to_buckets(1, numbers)
    assert all(bucket.low <= bucket.mean <= bucket.high for bucket in buckets)
    assert max(bucket.high for bucket in buckets) == significant(max(numbers))
    assert min(bucket.low for bucket in buckets) == significant(min(numbers))


def test_few_steps_are_told_exactly() -> None:
    assert [bucket.mean for bucket in to_buckets(5, [3.5, 1.25, 2.0])] == [3.5, 1.25, 2.0]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(blocks: list[tuple[int, float]]) -> list[Steps]:
    """What a reporter says about blocks of (steps, seconds)."""
    clock, events = Clock(), list[RunEvent]()
    reporter = Reporter("r", events.append, 32, clock=clock)
    for steps, seconds in blocks:
        clock.now += seconds
        reporter.add([1.0] * steps, [50.0] * steps, seconds, 0.1)
        if reporter.is_due():
            reporter.tell()
    reporter.tell()
    return [event for event in events if isinstance(event, Steps)]


@given(st.lists(st.tuples(st.integers(1, BLOCK), st.floats(1e-4, 0.5)), max_size=80))
def test_events_cover_all_steps_once_in_order(blocks: list[tuple[int, float]]) -> None:
    events = told(blocks)
    for metric in ("loss", "accuracy"):
        covered = [
            step
            for event in events
            for bucket in getattr(event, metric)
            for step in range(bucket.first, bucket.first + bucket.count)
        ]
        assert covered == list(range(1, sum(steps for steps, _ in blocks) + 1))
    assert all(len(event.loss) <= 32 for event in events)


@given(st.floats(1.0, 127.0), st.integers(1, BLOCK))
def test_below_128_steps_a_second_every_step_is_exact(rate: float, size: int) -> None:
    events = told([(size, size / rate)] * 60)
    assert all(bucket.count == 1 for event in events for bucket in event.loss)


@given(st.floats(200.0, 50_000.0))
def test_a_fast_run_tells_four_times_a_second(rate: float) -> None:
    blocks = 600
    events = told([(BLOCK, BLOCK / rate)] * blocks)
    assert len(events) <= 4 * blocks * BLOCK / rate + 1


def test_the_rate_of_an_event_is_that_of_its_own_steps() -> None:
    first, second = told([(8, 1.0), (4, 1.0)])
    assert (first.samples_per_s, second.samples_per_s) == (256.0, 128.0)
    assert (first.seconds, second.seconds, second.step) == (1.0, 2.0, 12)


def test_the_meter_counts_right_answers_and_the_larger_share_of_mixed_ones() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 1.0], [1.0, 0.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 2])
    mixed = torch.tensor([[0.6, 0.4, 0.0], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.9, 0.1, 0.0]])
    meter = StepMeter()
    meter.add(torch.tensor(0.5), logits, labels, None)
    meter.add(torch.tensor(0.25), logits, labels, mixed)
    assert meter.take() == ([0.5, 0.25], [50.0, 100.0])
    assert meter.take() == ([], [])


@pytest.mark.parametrize(("batch_size", "piece"), [(7, None), (40, 11), (100, 40)])
def test_an_evaluation_is_the_mean_over_all_samples(batch_size: int, piece: int | None) -> None:
    """Oracle: one pass over everything in double precision."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(40, 6, generator=generator)
    labels, other = torch.randint(4, (2, 40), generator=generator)
    model = nn.Linear(6, 4)
    found = evaluate(model, inputs, (labels, other), batch_size, piece=piece)
    logits = model.double()(inputs.double())
    for measured, truth in zip(found, (labels, other), strict=True):
        assert measured.loss == pytest.approx(F.cross_entropy(logits, truth).item(), rel=1e-6)
        assert measured.accuracy == pytest.approx(100 * (logits.argmax(1) == truth).double().mean().item())
