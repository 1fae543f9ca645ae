"""Curves over seeds: what they are the mean of, however many evaluations come, and at what cost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtui.events import Evaluated, Measured
from regtui.scenario import Scenario, loads, run_spec
from regtui.spec import RunSpec
from regtui.store import RunHistory
from regtui.ui.figures.over_seeds import MOST_POINTS, over_seeds
from regtui.ui.panes.memorizing import overfitting


@pytest.fixture(scope="module")
def spec() -> RunSpec:
    scenario: Scenario = loads(
        'title = "t"\nsection = "overfitting"\nquestion = "q"\n[base]\ndata = { name = "fashion-mnist", train = 100 }\n'
        'model = { name = "mlp" }\n[[arms]]\nname = "a"\n',
        source="test", id="overfitting/test",
    )  # fmt: skip
    return run_spec(scenario.id, scenario.arms[0], 0)


def evaluated(step: int, accuracy: float, loss: float = 1.0, test: float | None = None) -> Evaluated:
    held_out = None if test is None else Measured(loss=test, accuracy=50.0)
    return Evaluated(run="r", step=step, epoch=0.0, seconds=0.0, train=Measured(loss=loss, accuracy=accuracy),
                     test=held_out)  # fmt: skip


def long_run(spec: RunSpec, count: int) -> RunHistory:
    run = RunHistory("r", spec)
    run.evaluations = [evaluated(step, step * step / 1e6) for step in range(1, count + 1)]
    return run


def accuracy(event: Evaluated) -> float:
    return event.train.accuracy


def finite_on_test(event: Evaluated) -> float | None:
    return event.test.loss if event.test else None


@pytest.mark.parametrize("count", [1, 2, MOST_POINTS, MOST_POINTS + 1, 2 * MOST_POINTS + 7, 10_000])
def test_of_thousands_of_evaluations_neighbours_are_drawn_together_and_the_last_one_as_it_is(
    spec: RunSpec, count: int
) -> None:
    run = long_run(spec, count)
    curve = over_seeds([run], accuracy)
    assert min(count, MOST_POINTS) / 2 < len(curve.x) <= MOST_POINTS + 1
    assert curve.mean[-1] == count * count / 1e6 and curve.x[-1] == count / run.steps_per_epoch
    together = round(curve.x[0] * run.steps_per_epoch)
    assert curve.mean[0] == pytest.approx(sum(i * i for i in range(1, together + 1)) / together / 1e6)
    assert (curve.low[0], curve.high[0]) == (1e-6, together * together / 1e6)
    assert curve.x == over_seeds([run], lambda event: event.train.loss).x, "the gap is drawn between the two"


@pytest.mark.parametrize("many", [3, 2000])
def test_a_seed_that_is_behind_counts_as_far_as_it_got(spec: RunSpec, many: int) -> None:
    ahead, behind = long_run(spec, many), long_run(spec, many // 2 + 1)
    behind.evaluations = [evaluated(event.step, event.train.accuracy + 2) for event in behind.evaluations]
    alone, both = over_seeds([ahead], accuracy), over_seeds([ahead, behind], accuracy)
    assert both.x == alone.x and (alone.seeds, both.seeds) == (1, 2)
    assert both.mean[0] == pytest.approx(alone.mean[0] + 1) and both.mean[-1] == alone.mean[-1]
    assert both.high[0] == alone.high[0] + 2 and both.low == alone.low


@pytest.mark.parametrize("count", [5, 1500])
def test_seeds_that_were_evaluated_after_other_steps_stand_each_at_its_own(spec: RunSpec, count: int) -> None:
    one, other = long_run(spec, count), long_run(spec, count)
    other.evaluations = [evaluated(3 * event.step + 1, 7.0) for event in other.evaluations]
    curve = over_seeds([one, other], accuracy)
    assert curve.x == sorted(curve.x) and len(curve.x) <= MOST_POINTS + 1
    assert curve.x[-1] == (3 * count + 1) / one.steps_per_epoch and curve.mean[-1] == 7.0


def test_a_record_from_elsewhere_with_numbers_beyond_measure_is_a_gap_in_the_curve(spec: RunSpec) -> None:
    run = RunHistory("r", spec)
    run.evaluations = [evaluated(1, 50.0, loss=1.7e308)]
    curve = over_seeds([run, run], lambda event: event.train.loss)
    assert len(curve.mean) == 1 and math.isnan(curve.mean[0]) and curve.high == [1.7e308]


losses = st.one_of(st.none(), st.sampled_from([math.nan, math.inf, 0.5]), st.floats(0, 9))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 400), losses), max_size=12))
def test_what_goes_on_from_drawing_to_drawing_is_what_is_drawn_at_once(
    spec: RunSpec, pieces: list[tuple[int, int, float | None]]
) -> None:
    runs = [RunHistory("a", spec), RunHistory("b", spec)]
    for which, count, loss in pieces:
        run = runs[which]
        for _ in range(count):
            step = len(run.evaluations) + 1
            run.apply(evaluated(step, step / 100, test=None if loss is None else loss + step % 3))
        over_seeds(runs, finite_on_test)
        overfitting("a", run)
    fresh = [RunHistory("a", spec), RunHistory("b", spec)]
    for run, copy in zip(runs, fresh, strict=True):
        copy.evaluations = list(run.evaluations)
        assert overfitting("a", run) == overfitting("a", copy)
    assert over_seeds(runs, finite_on_test) == over_seeds(fresh, finite_on_test)


def test_a_run_that_goes_on_from_a_checkpoint_is_read_again(spec: RunSpec) -> None:
    run = long_run(spec, 900)
    before = over_seeds([run], accuracy)
    run.evaluations = [*run.evaluations[:300], *(evaluated(step, 9.0) for step in range(301, 901))]
    after = over_seeds([run], accuracy)
    assert after.x == before.x and after.mean[:100] == before.mean[:100] and set(after.mean[-200:]) == {9.0}


def test_one_more_evaluation_of_thousands_has_only_the_latest_ones_read_again(spec: RunSpec) -> None:
    asked = []

    def counted(event: Evaluated) -> float:
        asked.append(event)
        return event.train.accuracy

    run = long_run(spec, 6000)
    over_seeds([run], counted)
    assert len(asked) == 6000
    asked.clear()
    run.evaluations.append(evaluated(6001, 1.0))
    assert over_seeds([run], counted).mean[-1] == 1.0
    assert len(asked) < 30
