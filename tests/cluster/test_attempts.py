"""A lost attempt that still talks is not heard."""

from __future__ import annotations

from regtui.cluster.attempts import Attempts


def test_the_latest_attempt_counts_and_no_earlier_one_any_more() -> None:
    attempts = Attempts()
    assert attempts.counts("a", "first") and attempts.counts("a", "first")
    assert attempts.counts("a", "second")
    assert not attempts.counts("a", "first")
    assert attempts.counts("a", "second")
    assert attempts.number("a") == 2


def test_each_run_has_attempts_of_its_own() -> None:
    attempts = Attempts()
    assert attempts.counts("a", "one") and attempts.counts("b", "two") and attempts.counts("a", "one")
    assert (attempts.number("a"), attempts.number("c")) == (1, 0)
