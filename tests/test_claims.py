"""Verdicts follow the interval and nothing else."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.claims import _READS, figure, interval, judge, read, t_quantile
from regtui.events import Evaluated, Measured
from regtui.scenario import Check, Claim


def final(train: float, test: float) -> Evaluated:
    return Evaluated(run="r", step=1, epoch=1, seconds=1, train=Measured(loss=0.1, accuracy=train),
                     test=Measured(loss=1.0, accuracy=test))  # fmt: skip


def results(**arms: list[float]) -> dict[str, dict[int, Evaluated]]:
    """Arms with train accuracy 100 and these test accuracies, seed by seed."""
    return {name: {seed: final(100, test) for seed, test in enumerate(tests)} for name, tests in arms.items()}


def claim(**check: object) -> Claim:
    return Claim(text="x", check=Check(metric="gap", of="b", **check))


# Quantiles from the table of Student's t in NIST/SEMATECH's e-Handbook of Statistical Methods, 1.3.6.7.2.
@pytest.mark.parametrize(("degrees", "expected"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571),
                                                   (9, 2.262), (30, 2.042), (100, 1.984)])  # fmt: skip
def test_quantiles_are_those_of_the_table(degrees: int, expected: float) -> None:
    assert t_quantile(degrees) == pytest.approx(expected, abs=5e-4)


def test_the_interval_is_students() -> None:
    """Mean +- t(n - 1) s / sqrt(n), s with n - 1 in its denominator: here 2, t(2) and 1 / sqrt(3)."""
    found = interval([1.0, 2.0, 3.0])
    assert (found.mean, found.count) == (2.0, 3)
    assert found.high - found.mean == pytest.approx(4.302653 / math.sqrt(3), abs=1e-5)


def test_an_interval_wholly_on_the_claims_side_confirms() -> None:
    verdict = judge(claim(below="a"), results(a=[60, 61, 60], b=[80, 81, 81]))
    assert verdict.outcome == "confirmed"
    assert verdict.effect is not None and verdict.effect.mean == pytest.approx(20.333, abs=1e-3)


def test_an_interval_wholly_on_the_other_side_refutes() -> None:
    assert judge(claim(below="a"), results(a=[80, 81, 81], b=[60, 61, 60])).outcome == "refuted"


def test_the_effect_must_exceed_by() -> None:
    measured = results(a=[60, 61, 60], b=[80, 81, 81])
    assert judge(claim(below="a", by=10.0), measured).outcome == "confirmed"
    assert judge(claim(below="a", by=20.3), measured).outcome == "not shown"
    assert judge(claim(below="a", by=40.0), measured).outcome == "refuted"


def test_an_interval_that_ends_at_by_lies_wholly_on_no_side() -> None:
    verdict = judge(claim(below="a", by=20.0), results(a=[60, 60, 60], b=[80, 80, 80]))
    assert verdict.effect is not None and verdict.effect.low == verdict.effect.high == 20
    assert verdict.outcome == "not shown"


def test_pairs_that_are_all_at_the_threshold_ask_for_no_seeds() -> None:
    level = judge(claim(below="a"), results(a=[60, 61, 62], b=[60, 61, 62]))
    assert level.outcome == "not shown" and level.is_level and "exactly at the threshold" in level.sentence
    apart = judge(claim(below="a"), results(a=[60, 61, 62], b=[60, 61, 62.5]))
    assert not apart.is_level and "might decide it" in apart.sentence


def test_one_seed_decides_nothing_and_says_so() -> None:
    verdict = judge(claim(below="a"), results(a=[60], b=[90]))
    assert verdict.outcome == "not shown" and "one seed" in verdict.sentence
    assert verdict.effect is not None and verdict.effect.mean == 30 and math.isnan(verdict.effect.low)


def test_a_claims_note_is_shown_once_it_is_not_confirmed() -> None:
    noted = Claim(text="x", note="clothes are easy", check=Check(metric="gap", of="b", below="a"))
    assert judge(noted, results(a=[80, 81, 81], b=[60, 61, 60])).remark == "clothes are easy"
    assert judge(noted, results(a=[60, 61, 60], b=[80, 81, 81])).remark == ""
    assert judge(noted, results(a=[80], b=[60])).remark == ""


def test_only_seeds_that_both_arms_have_are_paired() -> None:
    verdict = judge(claim(below="a"), results(a=[60, 61, 60, 10], b=[80, 81, 81]))
    assert verdict.effect is not None and verdict.effect.count == 3


def test_a_number_can_stand_in_place_of_an_arm() -> None:
    measured = results(b=[60, 61, 62])
    assert judge(claim(above=10.0), measured).outcome == "confirmed"
    assert judge(claim(below=10.0), measured).outcome == "refuted"
    assert judge(claim(below=60.0, by=5.0), measured).outcome == "confirmed"


def test_without_runs_nothing_is_shown() -> None:
    verdict = judge(claim(below="a"), {"a": {}, "b": {}})
    assert verdict.effect is None and verdict.outcome == "not shown"


def test_the_seeds_needed_would_decide_it() -> None:
    spread = [3.0, -1.0, 2.5, -0.5, 1.0]
    verdict = judge(claim(below="a"), results(a=[60] * 5, b=[60 + d for d in spread]))
    assert verdict.outcome == "not shown" and verdict.seeds_needed is not None
    assert verdict.seeds_needed == 15  # t(14) s / sqrt(15) = 0.98 and t(13) s / sqrt(14) = 1.02, about the mean of 1
    nearer = judge(claim(below="a", by=0.5), results(a=[60] * 5, b=[60 + d for d in spread]))
    assert nearer.seeds_needed is not None and nearer.seeds_needed > 3 * verdict.seeds_needed  # half the distance
    more = spread * (verdict.seeds_needed // len(spread) + 2)
    assert judge(claim(below="a"), results(a=[60] * len(more), b=[60 + d for d in more])).outcome == "confirmed"


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20))
def test_the_interval_is_centred_on_the_mean(values: list[float]) -> None:
    found = interval(values)
    assert found.low <= found.mean <= found.high
    assert found.high - found.mean == pytest.approx(found.mean - found.low, abs=1e-9)


def test_a_metric_is_read_from_its_own_split() -> None:
    names = ("train", "validation", "test", "true_train")
    measured = {name: Measured(loss=float(i), accuracy=10.0 * i) for i, name in enumerate(names, start=1)}
    one = Evaluated(run="r", step=1, epoch=1, seconds=1, drift=0.5, pretraining_loss=4.5, **measured)
    assert {metric: read(metric, one) for metric in _READS} == {
        "gap": -20.0, "train_accuracy": 10.0, "validation_accuracy": 20.0, "test_accuracy": 30.0,
        "true_train_accuracy": 40.0, "train_loss": 1.0, "validation_loss": 2.0, "test_loss": 3.0,
        "drift": 0.5, "pretraining_loss": 4.5,
    }  # fmt: skip
    sealed = msgspec.structs.replace(one, test=None)  # until the test part is revealed
    assert [read(metric, sealed) for metric in ("test_accuracy", "test_loss", "gap")] == [20.0, 2.0, -10.0]


def test_what_a_study_found_is_judged_like_any_metric() -> None:
    runs = {"b": {seed: msgspec.structs.replace(final(100, 60), studied={"mode_switch.cost": cost})
                  for seed, cost in enumerate((3.9, 4.1, math.nan))}}  # fmt: skip
    verdict = judge(Claim(text="x", check=Check(metric="mode_switch.cost", of="b", above=0.0, by=1.0)), runs)
    assert verdict.outcome == "confirmed" and verdict.effect is not None
    assert verdict.effect.mean == pytest.approx(4.0) and verdict.effect.count == 2  # what does not exist is left out


def test_figures_are_written_in_their_units_precision() -> None:
    assert figure(12.345, "gap") == "12.3"
    assert figure(0.12345, "test_loss", signed=True) == "+0.123"
    assert figure(1234.5, "weights.norm") == "1,234"


def test_pairs_that_divergence_cost_are_told_and_not_counted() -> None:
    measured = results(a=[60, 61, 60], b=[80, 81, 81])
    measured["b"] |= {3: final(100, 80)}  # no result of a yet: no pair, whatever becomes of b
    found = judge(claim(below="a"), measured, {"b": [4], "a": [4, 5], "c": [0]})
    assert (found.effect and found.effect.count, found.diverged) == (3, 1)
    assert found.remark == "Diverged, so not counted: 1 of 4 seeds."
    assert judge(claim(below=30), measured, {"b": [4]}).diverged == 1
    assert not judge(claim(below="a"), measured).remark
