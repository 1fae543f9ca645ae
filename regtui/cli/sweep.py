"""`regtui sweep`: search on the validation split, report once on the test split. Progress on stderr."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time

import msgspec
from rich.console import Console

from regtui.cli.machine import worker_command, worker_count
from regtui.cli.output import counted, print_json
from regtui.cli.own import chosen, tell_of_data
from regtui.cli.run import configured, must_be_writable
from regtui.cli.sweep_result import Outcome, print_outcome
from regtui.paths import runs_dir
from regtui.runner import Runner
from regtui.runner.reports import Garbled, Lost, Report
from regtui.scenario import Arm, Problem, Scenario, ScenarioError, load
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.store import Recorder
from regtui.sweep.record import BusyError, Folder, Plan, Trial
from regtui.sweep.search import Search
from regtui.sweep.space import applied, parse_space
from regtui.sweep.study import MissingExtraError, Study, plain_params
from regtui.sweep.winner import WINNER, scenario_text


def sweep(arguments: argparse.Namespace) -> int:
    """Search, then compare the winner with the unswept arm. 0 done, 1 nothing came out, 2 wrong usage, 130 cut off."""
    store = arguments.out or runs_dir()
    scenario = configured(chosen(arguments, store), arguments)
    tell_of_data(scenario)
    unswept = _arm(scenario, arguments)
    swept, space = parse_space(arguments.over, unswept)
    must_be_writable(store)
    plan = Plan(
        scenario=scenario.id, arm=swept, space=space, sampler=arguments.sampler, pruner=arguments.pruner,
        seeds=arguments.seeds or 1, seed=arguments.sampler_seed,
    )  # fmt: skip
    began = time.monotonic()
    try:
        with Folder(store, plan) as folder:
            study = Study(
                folder.journal, space, sampler=arguments.sampler, pruner=arguments.pruner, seed=plan.seed,
                evaluations=swept.train.evaluations,
            )  # fmt: skip
            outcome = asyncio.run(_Drive(arguments, scenario, unswept, plan, folder, study).run())
    except MissingExtraError as error:
        print(f"regtui sweep: {error}", file=sys.stderr)
        return 2
    except BusyError as error:
        print(f"regtui sweep: {printable(str(error))}", file=sys.stderr)
        return 2
    outcome = msgspec.structs.replace(outcome, wall_s=round(time.monotonic() - began, 2))
    if arguments.json:
        print_json(outcome)
    else:
        print_outcome(outcome)
    if not outcome.finished:
        return 130
    return 0 if outcome.best else 1


def _arm(scenario: Scenario, arguments: argparse.Namespace) -> Arm:
    """The arm to search around; its validation split must exist."""
    if arguments.arm and len(arguments.arm) > 1:
        raise ScenarioError("--arm", [Problem("", "is given twice; a sweep changes one arm")])
    arm = scenario.arms[-1]
    if not arm.data.validation:
        raise ScenarioError(
            scenario.id, [Problem("data.validation", "is 0; a sweep chooses on the validation split and needs one")]
        )
    if arm.name == WINNER:
        arm = msgspec.structs.replace(arm, name="unswept")
    return arm


class _Drive:
    """One process's part of a sweep."""

    def __init__(
        self, arguments: argparse.Namespace, scenario: Scenario, unswept: Arm, plan: Plan, folder: Folder, study: Study
    ) -> None:
        self.arguments, self.scenario, self.unswept = arguments, scenario, unswept
        self.plan, self.folder, self.study = plan, folder, study
        store = arguments.out or runs_dir()
        only = msgspec.structs.replace(scenario, arms=(unswept,), claims=(), quiz=())
        self.session = Session(
            only, recorder=Recorder(store), device=arguments.device, threads=arguments.threads,
            precision=arguments.precision,
        )  # fmt: skip
        self.console = Console(file=sys.stderr, highlight=False)
        self.workers = worker_count(arguments)
        self.done = asyncio.Event()
        self.search: Search | None = None
        self.runner = Runner(worker_command(arguments, store), self.deliver, workers=self.workers)
        self.said: set[int] = set()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        interrupted = False

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            self.done.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, interrupt)
        self.search = Search(
            self.session, self.plan.arm, self.study, self.folder, trials=self.arguments.trials, seeds=self.plan.seeds,
            at_once=max(1, -(-self.workers // self.plan.seeds)), submit=self.runner.submit, stop=self.runner.stop,
        )  # fmt: skip
        self.say_where()
        best, comparison = None, None
        self.search.begin()
        if not self.search.is_over:
            await self.done.wait()
        if not interrupted and (best := self.study.best()):
            comparison = await self.compare(best[1])
        await self.runner.close()
        if self.session.recorder is not None:
            self.session.recorder.close()
        outcome = Outcome.of(
            self.scenario, self.unswept, self.plan, self.folder.path, self.study, best=best or self.study.best(),
            comparison=comparison, finished=not interrupted and comparison is not None,
        )  # fmt: skip
        if outcome.finished:
            self.folder.finish(outcome)
        return outcome

    def deliver(self, report: Report) -> None:
        self.session.take(report)
        if isinstance(report, (Lost, Garbled)):
            self.say(report.sentence)
        if self.search is None:
            if not self.session.is_busy:
                self.done.set()
            return
        self.search.take(report)
        for trial in self.search.trials.values():
            if trial.state != "running" and trial.number not in self.said:
                self.said.add(trial.number)
                self.say(_line(trial, self.search.done, self.search.wanted))
        if self.search.is_over and not self.session.is_busy:
            self.done.set()

    async def compare(self, params: dict[str, str | bool | int | float]) -> Session:
        """The winner beside the unswept arm, with paired seeds that the search has not seen."""
        winner = msgspec.structs.replace(applied(self.plan.arm, params), name=WINNER, lesson=None)
        text = scenario_text(self.scenario, self.unswept, winner, self.plan.id)
        path = self.folder.path / "winner.toml"
        path.write_text(text, encoding="utf-8")
        only = load(path)
        self.session = Session(
            only, recorder=self.session.recorder, device=self.arguments.device, threads=self.arguments.threads,
            precision=self.arguments.precision,
        )  # fmt: skip
        self.done.clear()
        seeds = range(self.plan.seeds, self.plan.seeds + self.scenario.seeds)
        self.say(f"the winner and {self.unswept.name} with {counted(len(seeds), 'seed')} that the search has not seen")
        self.search = None
        self.runner.submit(self.session.request([arm.name for arm in self.session.arms], seeds))
        await self.done.wait()
        if requests := self.session.reveal():  # own data: the one look at their test part
            self.done.clear()
            self.runner.submit(requests)
            await self.done.wait()
        return self.session

    def say_where(self) -> None:
        space = "  ".join(map(str, self.plan.space))
        cut = self.study.recover()
        before = f", {counted(self.study.counted, 'trial')} done before" if self.study.counted else ""
        again = f", {counted(cut, 'trial')} that was cut off is made again" if cut else ""
        self.say(f"sweep {self.plan.id}: {space}{before}{again}")

    def say(self, sentence: str) -> None:
        self.console.print(printable(sentence), markup=False, soft_wrap=True)


def _line(trial: Trial, done: int, wanted: int) -> str:
    value = "-" if trial.validation is None else f"{trial.validation:.1f} %"
    return f"{done}/{wanted}  trial {trial.number}  {trial.state}  validation {value}  {plain_params(trial.params)}"
