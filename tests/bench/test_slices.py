"""Slices in turns, and the interval that a median comes with."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtui.bench.protocol import Spent
from regtui.bench.slices import Slice, Watch, cpu_ratio, in_turns, median_interval, wall_ratio


async def test_turns_go_forth_and_back_so_that_a_drift_falls_on_all_alike() -> None:
    taken: list[str] = []

    def slice_of(name: str) -> Slice:
        async def take() -> Spent:
            taken.append(name)
            return Spent(1, float(len(taken)), None)

        return take

    turns = await in_turns({name: slice_of(name) for name in "abc"}, 3)
    assert "".join(taken) == "abccbaabc"
    assert [turn["a"].wall for turn in turns] == [1, 6, 7]


def test_a_ratio_is_of_seconds_a_step() -> None:
    turn = {"slow": Spent(10, 4.0, 4.0), "fast": Spent(20, 4.0, 2.0)}
    assert wall_ratio(turn, "slow", "fast") == 2 and cpu_ratio(turn, "slow", "fast") == 4
    assert cpu_ratio({"slow": Spent(1, 1.0, None), "fast": Spent(1, 1.0, 1.0)}, "slow", "fast") is None


@pytest.mark.parametrize(("count", "ranks"), [(1, (1, 1)), (5, (1, 5)), (6, (1, 6)), (9, (2, 8)), (30, (10, 21))])
def test_the_interval_is_that_of_the_sign_test(count: int, ranks: tuple[int, int]) -> None:
    """Ranks from the table of Conover 1999; five values do not suffice for 95 %."""
    assert median_interval([float(value) for value in range(count, 0, -1)]) == ranks


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=60))
def test_the_median_lies_in_its_interval(values: list[float]) -> None:
    low, high = median_interval(values)
    assert low <= statistics.median(values) <= high


def test_nineteen_intervals_of_twenty_hold_the_true_median() -> None:
    draw = random.Random(0)
    held = 0
    for _ in range(400):
        low, high = median_interval([draw.lognormvariate(0, 0.3) for _ in range(20)])
        held += low <= 1 <= high
    assert held >= 0.95 * 400 - 3 * (400 * 0.05 * 0.95) ** 0.5


def test_a_watch_tells_what_this_process_spent() -> None:
    watch = Watch()
    sum(range(200_000))
    spent = watch.spent(3)
    assert spent.steps == 3 and spent.wall > 0 and spent.cpu is not None and spent.cpu > 0
