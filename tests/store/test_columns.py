"""Bounded columns lose no step and no spike."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.events import Bucket
from regtui.store import Column


def filled(values: list[float], capacity: int) -> Column:
    column = Column(capacity)
    for step, value in enumerate(values, start=1):
        column.add(Bucket(step, 1, value, value, value))
    return column


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(2, 40))
def test_every_step_is_counted_once_and_extremes_survive(values: list[float], capacity: int) -> None:
    column = filled(values, capacity)
    assert len(column) <= capacity
    assert sum(column.counts) == len(values)
    assert (min(column.lows), max(column.highs)) == (min(values), max(values))
    total = math.fsum(mean * count for mean, count in zip(column.means, column.counts, strict=True))
    assert total == pytest.approx(math.fsum(values), abs=1e-3)
    assert column.steps == sorted(column.steps) and column.steps[0] == 1


def test_a_million_steps_stay_small_and_keep_their_one_spike() -> None:
    column = Column(512)
    for first in range(1, 1_000_001, 50):
        high = 99.0 if first == 500_001 else 1.0
        column.add(Bucket(first, 50, 1.0, 1.0, high))
    assert len(column) <= 512 and max(column.highs) == 99.0 and sum(column.counts) == 1_000_000


def test_a_nan_does_not_swallow_the_extremes_beside_it() -> None:
    column = filled([1.0, math.nan, 5.0, 2.0, 3.0, 4.0], 2)
    assert max(column.highs) == 5.0 and min(column.lows) == 1.0
    assert any(math.isnan(mean) for mean in column.means)


def test_a_capacity_that_cannot_hold_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Column(1)
