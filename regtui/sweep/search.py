"""The search itself: as many trials at once as there is room for, each a few ordinary runs of the store."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from regtui.claims import read
from regtui.commands import RunRequest
from regtui.events import TERMINAL_EVENTS, Evaluated, RunEvent
from regtui.runner.reports import Lost, Report
from regtui.scenario import Arm, ScenarioError
from regtui.session import Session
from regtui.spec import Scalar
from regtui.store import RunHistory
from regtui.sweep.record import Folder, Trial, read_trials
from regtui.sweep.space import applied
from regtui.sweep.study import Study

CHOSEN_BY = "validation_accuracy"
"""Never the test split: what is chosen by it says nothing about new data."""

HOPELESS = 5
"""Trials in a row that could not be made, after which no other is tried: it is not their values then."""

Submit = Callable[[list[RunRequest]], None]
Stop = Callable[[list[str]], None]


class Search:
    """Asks for trials, listens to their runs, tells the study what came out.

    `take` gets every report after the session has taken it. `is_over` once the wanted trials have been counted and none
    is running.
    """

    def __init__(
        self, session: Session, arm: Arm, study: Study, folder: Folder, *, trials: int, seeds: int,
        at_once: Callable[[], int], submit: Submit, stop: Stop,
    ) -> None:  # fmt: skip
        """`at_once` says how many trials there is room for now: a cluster may grow."""
        self._session, self._arm, self._study, self._folder = session, arm, study, folder
        self._wanted = trials if study.size is None else min(trials, study.size)
        self._seeds, self._at_once = seeds, at_once
        self._submit, self._stop = submit, stop
        self.trials: dict[int, Trial] = {}
        """By number: those of this process."""
        self._of_run: dict[str, int] = {}
        self._pruned: set[int] = set()
        self._failed_in_a_row = 0
        self._done = study.counted

    @property
    def done(self) -> int:
        """Trials that count, those of earlier processes included."""
        return self._done

    @property
    def wanted(self) -> int:
        return self._wanted

    @property
    def is_over(self) -> bool:
        return (self.done >= self._wanted or self.is_hopeless) and not self._running

    @property
    def is_hopeless(self) -> bool:
        """Too many trials in a row could not be made, so the search has ended early."""
        return self._failed_in_a_row >= HOPELESS

    def begin(self) -> list[int]:
        """Start the first trials; gives the numbers of those that an earlier process did not finish."""
        cut = self._study.recover()
        known = {trial.number: trial for trial in read_trials(self._folder.path)}
        for number in cut:
            if number in known:
                self._folder.write(_with(known[number], state="interrupted"))
        self._fill()
        return cut

    def take(self, report: Report) -> None:
        """React to one report."""
        match report:
            case Evaluated() if report.run in self._of_run:
                self._on_the_way(self._of_run[report.run])
            case RunEvent() if isinstance(report, TERMINAL_EVENTS) and report.run in self._of_run:
                self._maybe_ended(self._of_run[report.run])
            case Lost(runs=runs):
                for number in {self._of_run[run] for run in runs if run in self._of_run}:
                    self._maybe_ended(number)

    @property
    def _running(self) -> list[int]:
        return [number for number, trial in self.trials.items() if trial.state == "running"]

    def _fill(self) -> None:
        while not self.is_hopeless and len(self._running) < min(self._at_once(), self._wanted - self._done):
            number, params = self._study.ask()
            try:
                arm = applied(self._arm, params)
            except ScenarioError:
                # Values that are fine one by one and not together: such a trial has no worth, and is not run.
                self._note(Trial(number=number, params=params, state="complete", validation=0.0))
                self._study.tell(number, 0.0)
                self._done += 1
                continue
            self._start(number, params, arm)

    def _start(self, number: int, params: dict[str, Scalar], arm: Arm) -> None:
        name = self._name(number)
        self._session.arms.append(_named(arm, name))
        requests = self._session.request([name], range(self._seeds))
        self._of_run |= {request.run: number for request in requests}
        runs = tuple(request.run for request in requests)
        self._note(Trial(number=number, params=params, state="running", runs=runs))
        self._submit(requests)

    def _on_the_way(self, number: int) -> None:
        """The mean of all seeds at an evaluation point, once all have it; the study may say that it is hopeless."""
        trial, runs = self.trials[number], self._runs(number)
        values = [[read(CHOSEN_BY, evaluation) for evaluation in run.evaluations] for run in runs]
        point = min(map(len, values), default=0)
        if point <= trial.point:
            return
        latest = [value for row in values if (value := row[point - 1]) is not None]
        mean = sum(latest) / len(latest)
        self._note(_with(trial, validation=mean, point=point))
        still_runs = any(run.is_live for run in runs)
        if self._study.report(number, point, mean) and still_runs and point < self._arm.train.evaluations:
            self._pruned.add(number)
            self._stop([run.run for run in runs if run.is_live])

    def _maybe_ended(self, number: int) -> None:
        trial, runs = self.trials[number], self._runs(number)
        if not runs or any(run.is_live for run in runs):
            return
        made = all(run.state in ("finished", "diverged", "stopped") for run in runs)
        self._failed_in_a_row = 0 if made else self._failed_in_a_row + 1
        if number in self._pruned and any(run.state == "stopped" for run in runs):
            self._study.prune(number)
            self._done += 1
            self._note(_with(trial, state="pruned"))
        elif all(run.state in ("finished", "diverged") for run in runs):
            # A run that diverged classifies nothing: counting it as nothing keeps the search away from there.
            finals = [read(CHOSEN_BY, run.result) or 0.0 if run.result else 0.0 for run in runs]
            mean = sum(finals) / len(finals)
            self._study.tell(number, mean)
            self._done += 1
            self._note(_with(trial, state="complete", validation=mean, point=trial.point))
        else:
            again = not self._study.was_tried_before(number)
            self._study.fail(number, again=again)
            self._note(_with(trial, state="failed"))
            if not again:
                self._wanted = max(self._wanted - 1, 0)
        self._forget(trial)
        self._fill()

    def _forget(self, trial: Trial) -> None:
        """The store has its runs: with all their curves a search of days would fill the memory."""
        self._session.drop(self._name(trial.number))
        for run in trial.runs:
            del self._session.runs[run]

    def _name(self, number: int) -> str:
        return f"trial {number} of {self._folder.path.name}"

    def _runs(self, number: int) -> list[RunHistory]:
        """Those of a trial under way; of one that has ended nothing is kept."""
        trial = self.trials[number]
        return [self._session.runs[run] for run in trial.runs] if trial.state == "running" else []

    def _note(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        self._folder.write(trial)


def _named(arm: Arm, name: str) -> Arm:
    return msgspec.structs.replace(arm, name=name, lesson=None)


def _with(trial: Trial, **changes: object) -> Trial:
    return msgspec.structs.replace(trial, **changes)
