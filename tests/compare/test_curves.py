"""Curves over seeds and their smoothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.compare.curves import METRICS, curve_of
from regtui.compare.library import Library
from regtui.compare.smoothing import smoothed

BY_NAME = {metric.name: metric for metric in METRICS}
FLOATS = st.floats(-1e6, 1e6)
WEIGHTS = st.floats(0, 0.999)


@given(st.lists(FLOATS), WEIGHTS)
def test_smoothing_stays_within_what_was_seen(values: list[float], weight: float) -> None:
    result = smoothed(values, weight)
    assert len(result) == len(values)
    for i, value in enumerate(result):
        assert min(values[: i + 1]) - 1e-6 <= value <= max(values[: i + 1]) + 1e-6


@given(FLOATS, st.integers(1, 50), WEIGHTS)
def test_a_constant_stays_what_it_is_from_the_first_point_on(value: float, count: int, weight: float) -> None:
    assert smoothed([value] * count, weight) == pytest.approx([value] * count)


@given(st.lists(FLOATS), WEIGHTS)
def test_what_is_not_finite_is_a_gap_and_changes_nothing_else(values: list[float], weight: float) -> None:
    broken = [x for value in values for x in (value, math.nan, math.inf)]
    result = smoothed(broken, weight)
    assert result[::3] == smoothed(values, weight)
    assert all(math.isnan(x) for x in result[1::3]) and all(x == math.inf for x in result[2::3])


def test_weight_zero_changes_nothing_and_wrong_weights_are_refused() -> None:
    assert smoothed([3.0, 1.0], 0.0) == [3.0, 1.0]
    assert smoothed([0.0, 1.0], 0.5) == pytest.approx([0.0, 2 / 3])
    with pytest.raises(ValueError, match="allowed is 0 to below 1"):
        smoothed([], 1.0)


def test_seeds_are_a_mean_and_a_band(put, found) -> None:
    put(seed=0, tests=(40.0, 60.0))
    put(seed=1, tests=(50.0, math.nan))
    runs = [Library().history(entry) for entry in found()]
    curve = curve_of(runs, BY_NAME["test accuracy"], "step")
    assert (curve.x, curve.mean, curve.low, curve.high) == ([4, 8], [45, 60], [40, 60], [50, 60])
    assert curve.at(3) is None and curve.at(7.5) == (4, 45.0) and curve.at(99) == (8, 60.0)
    assert curve_of(runs, BY_NAME["gap"], "epoch").x == [2.0, 4.0]
    assert curve_of(runs, BY_NAME["test accuracy"], "time").x == [1.0, 2.0]
    assert curve_of(runs, BY_NAME["validation loss"]).x == []


def test_the_raw_line_is_what_was_measured(put, found) -> None:
    put(losses=(4.0, math.nan, 2.0))
    curve = curve_of([Library().history(entry) for entry in found()], BY_NAME["batch loss"], "step", 0.5)
    assert [curve.raw[0], curve.raw[2]] == [4.0, 2.0] and math.isnan(curve.raw[1])
    assert curve.mean[2] == pytest.approx(8 / 3) and math.isnan(curve.mean[1])
