"""A search is told what its trials are worth: by validation, over all seeds, and what was never made is no value."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from regtui.commands import RunRequest
from regtui.events import Diverged, Evaluated, Failed, Finished, Measured, RunEvent, Stopped
from regtui.scenario import loads
from regtui.session import Session
from regtui.sweep.record import Trial
from regtui.sweep.search import HOPELESS, Search

SCENARIO = loads(
    'title = "T"\nsection = "dropout"\nquestion = "Q"\n[[arms]]\nname = "a"\nadd = [{ dropout = {} }]\n',
    source="t", id="dropout/t",
)  # fmt: skip


class Told:
    """In the place of a study: hands out numbers, keeps what it is told."""

    size = None
    counted = 0

    def __init__(self, *, prunes: bool = False) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self._prunes, self._asked = prunes, 0

    def recover(self) -> list[int]:
        return []

    def ask(self) -> tuple[int, dict[str, float]]:
        self._asked += 1
        return self._asked - 1, {"dropout.p": 0.1 * self._asked}

    def report(self, number: int, point: int, value: float) -> bool:
        self.heard.append(("reported", number, point, value))
        return self._prunes

    def tell(self, number: int, value: float) -> None:
        self.heard.append(("told", number, value))

    def prune(self, number: int) -> None:
        self.heard.append(("pruned", number))

    def fail(self, number: int, *, again: bool) -> None:
        self.heard.append(("failed", number, again))

    def was_tried_before(self, number: int) -> bool:
        return number % 2 == 1


class Made:
    """A search of one trial after the other, two seeds each, and the runs that it asks for."""

    def __init__(self, study: Told, trials: int = 1) -> None:
        self.session, self.runs, self.stopped = Session(SCENARIO), list[RunRequest](), list[str]()
        written: list[Trial] = []
        folder: Any = SimpleNamespace(path=Path("sweep"), write=written.append)
        self.written = written
        self.search = Search(
            self.session, SCENARIO.arms[0], study, folder, trials=trials, seeds=2, at_once=lambda: 1,  # type: ignore[arg-type]
            submit=self.runs.extend, stop=self.stopped.extend,
        )  # fmt: skip
        self.search.begin()

    def take(self, event: RunEvent) -> None:
        self.session.take(event)
        self.search.take(event)

    def evaluated(self, place: int, validation: float) -> None:
        self.take(
            Evaluated(
                run=self.runs[place].run, step=1, epoch=1, seconds=1, train=Measured(loss=0, accuracy=99),
                validation=Measured(loss=1, accuracy=validation), test=Measured(loss=1, accuracy=50),
            )
        )  # fmt: skip

    def finished(self, place: int, validation: float) -> None:
        self.evaluated(place, validation)
        self.take(Finished(run=self.runs[place].run, step=9, seconds=1, wall_seconds=1, samples_per_s=1))


def test_a_trial_is_worth_its_mean_validation_accuracy_over_the_seeds() -> None:
    study = Told()
    made = Made(study)
    assert [request.spec.seed for request in made.runs] == [0, 1]
    assert made.runs[0].spec.stack[0].params["p"] == pytest.approx(0.1)
    made.finished(0, 80)
    assert study.heard == [] and not made.search.is_over, "the other seed is not there yet"
    made.finished(1, 70)
    assert study.heard == [("reported", 0, 1, 75.0), ("told", 0, 75.0)]
    assert made.search.is_over and made.written[-1].state == "complete"


def test_a_seed_that_diverged_counts_as_nothing_and_not_as_absent() -> None:
    study = Told()
    made = Made(study)
    made.finished(0, 80)
    made.take(Diverged(run=made.runs[1].run, step=3, layer="conv1", value=math.nan))
    assert study.heard[-1] == ("told", 0, 40.0)


def test_a_trial_that_is_given_up_counts_and_the_next_one_begins() -> None:
    study = Told(prunes=True)
    made = Made(study, trials=2)
    made.evaluated(0, 20)
    made.evaluated(1, 30)
    assert made.stopped == [request.run for request in made.runs]
    for request in made.runs[:2]:
        made.take(Stopped(run=request.run, step=1))
    assert study.heard[-1] == ("pruned", 0)
    assert made.search.done == 1 and len(made.runs) == 4


def test_what_could_not_be_made_is_asked_for_again_once_and_in_the_end_given_up() -> None:
    study = Told()
    made = Made(study, trials=20)
    while not made.search.is_over:
        for request in made.runs[-2:]:
            made.take(Failed(run=request.run, kind="x", message="no"))
    failed = [("failed", number, number % 2 == 0) for number in range(HOPELESS)]
    assert study.heard == failed and made.search.is_hopeless and made.search.done == 0


def test_a_long_search_keeps_no_curves_of_trials_that_ended() -> None:
    made = Made(Told(), trials=3)
    for place in range(4):
        made.finished(place, 80)
    late = Failed(run=made.runs[0].run, kind="x", message="a word after the last one")
    made.take(late)
    assert set(made.session.runs) == {request.run for request in made.runs[4:]}
    assert [arm.name for arm in made.session.arms] == ["a", "trial 2 of sweep"]
    assert [trial.state for trial in made.search.trials.values()] == ["complete", "complete", "running"]
