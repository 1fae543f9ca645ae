"""What looking may cost, by a clock that the test sets."""

from __future__ import annotations

import pytest

from regtui.monitor.budget import Budget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_looks_inside_and_telling_leave_room_for_an_evaluation(clock: Clock) -> None:
    budget = Budget(0.02, clock)
    clock.now = 100.0
    assert budget.allows(2.0) and not budget.allows(2.01)
    assert budget.allows_part("inside", 1.0) and not budget.allows_part("inside", 1.01)
    with budget.paid("inside"):
        clock.now += 1.0
    assert not budget.allows_part("inside", 0.01) and budget.allows_part("telling", 0.3)
    with budget.paid():
        clock.now += 1.0
    assert not budget.allows_part("telling", 0.3), "evaluations have taken what was left"


def test_what_happens_within_a_paid_block_is_paid_once(clock: Clock) -> None:
    budget = Budget(0.02, clock)
    with budget.paid():
        clock.now += 1.0
        with budget.paid("telling"):
            clock.now += 2.0
    assert (budget.spent, budget.parts["telling"]) == (3.0, 2.0)
    budget.begin()
    assert (budget.spent, budget.parts["telling"]) == (0.0, 0.0)
