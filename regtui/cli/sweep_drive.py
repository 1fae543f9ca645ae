"""One process's part of a sweep: it searches, compares the winner with the unswept arm, and tells those who watch."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys

import msgspec

from regtui.cli import recording
from regtui.cli.ask import answers
from regtui.cli.heard import Heard, WaitEndedError
from regtui.cli.makers import MakerFactory
from regtui.cli.output import Aside, counted
from regtui.cli.own import cost_specs, tell_of_costs
from regtui.cli.sweep_result import Outcome, read_result
from regtui.events import Cost
from regtui.paths import runs_dir
from regtui.resuming import adopt
from regtui.runner import Runner
from regtui.runner.reports import Garbled, Lost, Report
from regtui.scenario import Arm, Scenario, ScenarioError, load
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.spec import Scalar
from regtui.store import replay
from regtui.store.beside import RecorderBeside
from regtui.sweep.record import Folder, Phase, Plan, Standing, Trial, read_trials
from regtui.sweep.search import HOPELESS, Search
from regtui.sweep.space import applied, as_it_is
from regtui.sweep.study import Study, plain_params
from regtui.sweep.take_home import write_winner_script
from regtui.sweep.winner import WINNER, scenario_text

LISTEN = 1.0
"""Seconds between two looks whether to end."""


class Drive:
    """One process's part of a sweep."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        scenario: Scenario,
        unswept: Arm,
        plan: Plan,
        folder: Folder,
        study: Study,
        make: MakerFactory,
    ) -> None:
        self.arguments, self.scenario, self.unswept = arguments, scenario, unswept
        self.plan, self.folder, self.study = plan, folder, study
        store = arguments.out or runs_dir()
        only = msgspec.structs.replace(scenario, arms=(unswept,), claims=(), quiz=())
        self.session = Session(
            only, recorder=RecorderBeside(store), device=arguments.device, threads=arguments.threads,
            precision=arguments.precision,
        )  # fmt: skip
        self.console = Aside(file=sys.stderr, highlight=False)
        self.done = asyncio.Event()
        self.heard, self.is_interrupted = Heard(), False
        self.search: Search | None = None
        self.runner, self.runs_at_once = make(self.deliver)
        self.said: set[int] = set()
        self.wanted = arguments.trials
        self.stood: tuple[object, ...] = ()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: it was asked to outlive its terminal
                loop.add_signal_handler(number, self.interrupt)
        listening = loop.create_task(self.listen())
        self.search = Search(
            self.session, self.plan.arm, self.study, self.folder, trials=self.arguments.trials, seeds=self.plan.seeds,
            at_once=self.room, submit=self.runner.submit, stop=self.runner.stop,
        )  # fmt: skip
        self.say_where(self.search.done)
        if now := as_it_is(self.unswept, self.plan.space):
            self.study.begin_with(now)  # what was chosen by hand is a trial like any other, and known to be good
        comparison = None
        if not self.is_interrupted and not self.search.is_over:
            try:
                await self.tell_of_costs()
            except WaitEndedError:
                pass  # interrupted before any trial began
            except ScenarioError:
                await self.runner.close()
                raise
        if not self.is_interrupted and (cut := self.search.begin()):
            self.say(f"{counted(len(cut), 'trial')} that was cut off is made again")
        self.stand("search")
        if not self.is_interrupted and not self.search.is_over:
            await self.done.wait()
        if self.search.is_hopeless:
            self.say(f"the last {HOPELESS} trials could not be made: the search ends here. {self.session.notice}")
        best = self.study.best()
        known = self.told_before(best[0]) if best and not self.is_interrupted else None
        if known is not None and (known.part == "test" or not self.arguments.reveal):
            await self.runner.close()
            self.stand("done")
            return known
        if not self.is_interrupted and best:
            self.stand("comparison")
            comparison = await self.compare(best[1], known)
        listening.cancel()
        await self.runner.close()
        if self.session.recorder is not None:
            await recording.close(self.session.recorder, lambda: self.is_interrupted, lambda: None)
            if trouble := self.session.recorder.left or self.session.recorder.warning:
                self.say(trouble)
        outcome = Outcome.of(
            self.scenario, self.unswept, self.plan, self.folder.path, self.study, best=best, comparison=comparison,
            finished=not self.is_interrupted,
        )  # fmt: skip
        if comparison is not None and outcome.finished:
            outcome = self.with_script(outcome)
            self.folder.finish(outcome)
            self.stand("done")
        return outcome

    async def tell_of_costs(self) -> None:
        """How long it takes with own data or an own model, of which nobody knows. Raises ScenarioError."""
        swept = msgspec.structs.replace(self.scenario, arms=(self.plan.arm,))
        specs = cost_specs(swept, self.arguments)
        if not specs or not isinstance(self.runner, Runner) or self.search is None:
            return
        found = await answers(self.runner, self.heard.next, "cost", specs, "regtui sweep")
        runs = (self.search.wanted - self.search.done) * self.plan.seeds + 2 * self.scenario.seeds
        tell_of_costs(specs, [cost for cost in found if isinstance(cost, Cost)], runs, self.runs_at_once())

    def interrupt(self) -> None:
        """End; the same command goes on later."""
        self.is_interrupted = True
        self.done.set()
        self.heard.end()

    async def listen(self) -> None:
        """End when somebody who watches the folder asks for it."""
        while not self.folder.is_told_to_stop:
            await asyncio.sleep(LISTEN)
        self.interrupt()

    def room(self) -> int:
        """Trials at once: as many as keep all workers busy."""
        return max(1, -(-self.runs_at_once() // self.plan.seeds))

    def told_before(self, best: int) -> Outcome | None:
        """The result of this same sweep, where it was done before and has the same winner over as many seeds."""
        known = read_result(self.folder.path)
        if known is None or known.best_trial != best or len(known.trials) != len(read_trials(self.folder.path)):
            return None
        return known if {row.seeds for row in known.test} == {self.scenario.seeds} else None

    def with_script(self, outcome: Outcome) -> Outcome:
        """With the script of the winner's first run, or why there is none."""
        run = next((row.runs[0] for row in outcome.test if row.name == WINNER and row.runs), "")
        if not run or self.session.recorder is None:
            return outcome
        path, why = write_winner_script(self.folder.path, self.session.recorder.root / run)
        return msgspec.structs.replace(outcome, script=str(path) if path else None, no_script=why)

    def stand(self, phase: Phase) -> None:
        """Tell those who watch the folder, if there is anything new."""
        if self.search is not None:
            self.wanted = self.search.wanted
        now = (phase, self.wanted, len(self.said))
        if now != self.stood:
            self.stood = now
            self.folder.stand(Standing(wanted=self.wanted, phase=phase, importance=self.study.importance()))

    def deliver(self, report: Report) -> None:
        self.session.take(report)
        if isinstance(report, (Cost, Lost)):
            self.heard.put(report)
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
                self.stand("search")
        if self.search.is_over and not self.session.is_busy:
            self.done.set()

    async def compare(self, params: dict[str, Scalar], known: Outcome | None) -> Session:
        """The winner beside the unswept arm, with paired seeds that the search has not seen.

        known  this comparison, where it was made before and only the look at the test part is missing
        """
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
        self.search = None
        if known is not None and self.session.recorder is not None:
            root = self.session.recorder.root
            adopt(self.session, [replay(root / run) for row in known.test for run in row.runs])
        else:
            self.say(
                f"the winner and {self.unswept.name} with {counted(len(seeds), 'seed')} that the search has not seen"
            )
            self.runner.submit(self.session.request([arm.name for arm in self.session.arms], seeds))
            await self.done.wait()
        if self.arguments.reveal and not self.is_interrupted and (requests := self.session.reveal()):
            self.done.clear()
            self.runner.submit(requests)
            await self.done.wait()
        return self.session

    def say_where(self, done: int) -> None:
        space = "  ".join(map(str, self.plan.space))
        before = f", {counted(done, 'trial')} done before" if done else ""
        self.say(f"sweep {self.plan.id}: {space}{before}")
        self.say(f"watch it from another terminal: regtui watch {shlex.quote(str(self.folder.path))}")

    def say(self, sentence: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads it any more: the search goes on
            self.console.print(printable(sentence), markup=False, soft_wrap=True)


def _line(trial: Trial, done: int, wanted: int) -> str:
    value = "-" if trial.validation is None else f"{trial.validation:.1f} %"
    return f"{done}/{wanted}  trial {trial.number}  {trial.state}  validation {value}  {plain_params(trial.params)}"
