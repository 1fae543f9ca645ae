"""The comparison on the screen: a scenario's arms, their runs by seed, and what they add up to.

Free of screens and of torch. The explorer and `regtui run` are two faces of this one object.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from regtui.claims import Verdict, judge
from regtui.commands import RunRequest
from regtui.events import TERMINAL_EVENTS, Evaluated, RunEvent, Started
from regtui.own.names import is_own
from regtui.predictions import Lead, Predictions, find_lead
from regtui.runner.reports import Garbled, Log, Lost, Ready, Report
from regtui.scenario import Arm, Scenario, apply_setting, run_spec
from regtui.scenario.errors import Problems, ScenarioError
from regtui.scenario.resolve import resolve_entry
from regtui.spec import Precision, RunSpec, Scalar, StackEntry, Threads
from regtui.store import Recorder, RunHistory, new_run_id

OWN = "my stack"
"""Name of the first arm that the user makes by editing a preset one."""


class Session:
    """Arms and runs of one scenario.

    `take` is the only way in for what a runner reports; everything else is asked for by the user.
    """

    def __init__(
        self, scenario: Scenario, *, recorder: Recorder | None = None, device: str = "auto", threads: Threads = 1,
        precision: Precision = "fp32",
    ) -> None:  # fmt: skip
        self.scenario = scenario
        self.arms: list[Arm] = list(scenario.arms)
        self.recorder = recorder
        self.device, self.threads, self.precision = device, threads, precision
        self.runs: dict[str, RunHistory] = {}
        """Every run of this session by id, the superseded ones too."""
        self.current: dict[tuple[str, int], RunHistory] = {}
        """The latest run of each (arm, seed)."""
        self.predictions = Predictions()
        self.revealing: set[str] = set()
        """Runs whose test part is being measured."""
        self.notice = ""
        """The latest sentence about a worker that the user must see."""

    # -- asked for by the user ---------------------------------------------------------------------------------

    def request(self, arms: Iterable[str], seeds: Iterable[int]) -> list[RunRequest]:
        """New runs of these arms and seeds, seed by seed so that the first comparison is complete early."""
        names = list(arms)
        requests = []
        for seed in seeds:
            for name in names:
                spec = self.spec(name, seed)
                run = new_run_id()
                self.runs[run] = self.current[name, seed] = RunHistory(run, spec)
                if self.recorder is not None:
                    self.recorder.open(run, spec, self.scenario)
                requests.append(RunRequest(run=run, spec=spec))
        return requests

    def reveal(self) -> list[RunRequest]:
        """Requests to measure the test part of own data, for every finished run that has not been revealed."""
        if not self.is_sealed:
            return []
        runs = [run for run in self.current.values() if run.state == "finished" and run.revealed is None]
        for run in runs:
            self.revealing.add(run.run)
            if self.recorder is not None:
                self.recorder.reopen(run.run)
        return [RunRequest(run=run.run, spec=run.spec, reveal=True) for run in runs if run.run in self.revealing]

    def spec(self, name: str, seed: int) -> RunSpec:
        """What a run of the arm would be made from now."""
        return run_spec(
            self.scenario.id, self.arm(name), seed, device=self.device, threads=self.threads, precision=self.precision
        )

    def missing(self, seeds: Iterable[int]) -> list[tuple[str, int]]:
        """(arm, seed) pairs without a run that finished or may still finish."""
        done = ("waiting", "running", "paused", "finished", "diverged")
        return [
            (arm.name, seed)
            for seed in seeds
            for arm in self.arms
            if (run := self.current.get((arm.name, seed))) is None or run.state not in done
        ]

    @property
    def can_predict(self) -> bool:
        """Nothing was run yet: what is said once runs have begun is no prediction."""
        return not self.runs

    def predict(self, predictions: Predictions) -> None:
        """Note what the user expects; once runs have begun nothing changes any more."""
        if self.can_predict:
            self.predictions = predictions

    def arm(self, name: str) -> Arm:
        """The arm of that name. Raises KeyError."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)

    def is_own(self, name: str) -> bool:
        """Whether the user made this arm."""
        return all(arm.name != name for arm in self.scenario.arms)

    def change(self, name: str, key: str, value: Scalar) -> Arm:
        """Change one setting (`dropout.p`, `train.lr`). Raises ScenarioError.

        An arm of the user's own changes in place; a preset one is forked first. The changed arm is returned.
        """
        return self._put(name, apply_setting(self.arm(name), key, value, source=name))

    def steer(self, name: str, key: str, value: Scalar) -> Arm:
        """Change a setting of an arm of the user's own and keep its runs, which are told by the runner."""
        changed = apply_setting(self.arm(name), key, value, source=name)
        self.arms = [changed if arm.name == name else arm for arm in self.arms]
        return changed

    def toggle(self, name: str, regularizer: str) -> Arm:
        """Take every entry of a regularizer out of the arm, or add it with its defaults. Raises ScenarioError."""
        arm = self.arm(name)
        rest = tuple(entry for entry in arm.stack if entry.name != regularizer)
        if len(rest) == len(arm.stack):
            problems = Problems()
            entry = resolve_entry({regularizer: {}}, arm.model, name, problems)
            if entry is None:
                raise ScenarioError(name, problems)
            rest = (*arm.stack, entry)
        return self._put(name, msgspec.structs.replace(arm, stack=rest))

    def move(self, name: str, entry: StackEntry, by: int) -> Arm:
        """Move an entry of the stack up (-1) or down (+1)."""
        stack = list(self.arm(name).stack)
        at = stack.index(entry)
        to = min(max(at + by, 0), len(stack) - 1)
        stack.insert(to, stack.pop(at))
        return self._put(name, msgspec.structs.replace(self.arm(name), stack=tuple(stack)))

    def drop(self, name: str) -> None:
        """Take an arm of the user's own away, with its runs."""
        if self.is_own(name):
            self.arms = [arm for arm in self.arms if arm.name != name]
            self._forget(name)

    def reset(self) -> None:
        """Only the preset arms, no runs and no predictions."""
        self.arms = list(self.scenario.arms)
        self.predictions = Predictions()
        self.runs.clear()
        self.revealing.clear()
        self.current.clear()
        self.notice = ""

    # -- reported by the runner --------------------------------------------------------------------------------

    def take(self, report: Report) -> None:
        """Record and apply one report."""
        match report:
            case RunEvent():
                if self.recorder is not None:
                    self.recorder.append(report)
                history = self.runs.get(report.run)
                if isinstance(report, TERMINAL_EVENTS):
                    self.revealing.discard(report.run)
                if history is not None:
                    history.apply(report)
                if isinstance(report, Started):
                    self.notice = ""
            case Lost(runs=runs, sentence=sentence):
                self.notice = sentence
                self.revealing.difference_update(runs)
                for run in runs:
                    if run in self.runs:
                        self.runs[run].lose(sentence)
                    if self.recorder is not None:
                        self.recorder.close(run)
            case Garbled(sentence=sentence):
                self.notice = sentence
            case Log(run=run, text=text):
                if self.recorder is not None and run:
                    self.recorder.log(run, text)
            case Ready():
                pass

    # -- what it adds up to ------------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """A run is waiting, running or paused, or being revealed."""
        return bool(self.revealing) or any(run.is_live for run in self.current.values())

    @property
    def is_sealed(self) -> bool:
        """The arms train on data of the user's own: what is shown of them is validation, until it is revealed."""
        return any(is_own(arm.data.name) for arm in self.scenario.arms)

    @property
    def is_own_work(self) -> bool:
        """The arms train on data or a model of the user's own, of which nobody knows how long that takes."""
        return self.is_sealed or bool(self.scenario.options)

    @property
    def is_revealed(self) -> bool:
        """Every finished run of sealed data has been measured on the test part."""
        done = [run for run in self.current.values() if run.state == "finished"]
        return bool(done) and all(run.revealed is not None for run in done)

    @property
    def held_out(self) -> str:
        """What the held-out figures are: test, or of own data validation until all of it is revealed."""
        if self.is_sealed:
            return "test" if self.is_revealed else "validation"
        return self.course

    @property
    def course(self) -> str:
        """What the held-out curves are: test, or validation of own data and of loops that measured no test set."""
        last = [run.last for run in self.current.values() if run.last is not None]
        lacks_test = any(one.test is None for one in last) and all(one.validation is not None for one in last)
        return "validation" if self.is_sealed or lacks_test else "test"

    @property
    def seeds(self) -> list[int]:
        """Seeds that any arm has a run of."""
        return sorted({seed for _, seed in self.current})

    def is_waiting(self, run: str) -> bool:
        """Whether nothing has been heard of a run yet."""
        return run in self.runs and self.runs[run].state == "waiting"

    def of_arm(self, name: str) -> dict[int, RunHistory]:
        """The latest run of each seed of an arm."""
        return {seed: run for (arm, seed), run in sorted(self.current.items()) if arm == name}

    def results(self) -> dict[str, dict[int, Evaluated]]:
        """arm -> seed -> final evaluation, of finished and unsteered runs.

        A claim is judged on one part of the data: until every run is revealed, all show validation.
        """
        sealed = self.held_out == "validation"
        found: dict[str, dict[int, Evaluated]] = {arm.name: {} for arm in self.arms}
        for (arm, seed), run in self.current.items():
            if run.result is not None and arm in found:
                found[arm][seed] = msgspec.structs.replace(run.result, test=None) if sealed else run.result
        return found

    def verdicts(self) -> list[Verdict]:
        """The verdict of each claim of the scenario."""
        results = self.results()
        diverged = {
            arm.name: [seed for seed, run in self.of_arm(arm.name).items() if run.state == "diverged"]
            for arm in self.arms
        }  # fmt: skip
        return [judge(claim, results, diverged) for claim in self.scenario.claims]

    def lead(self) -> Lead | None:
        """How far the best of the scenario's own arms is ahead; an arm whose runs all diverged is none of them."""
        runs = {arm.name: self.of_arm(arm.name).values() for arm in self.scenario.arms}
        arms = [arm for arm, own in runs.items() if not own or any(run.state != "diverged" for run in own)]
        return find_lead(arms, self.results(), self.predictions.best)

    @property
    def seeds_done(self) -> int:
        """Seeds that all of the scenario's own arms have run with to the end."""
        ended = [
            {seed for seed, run in self.of_arm(arm.name).items() if run.state in ("finished", "diverged")}
            for arm in self.scenario.arms
        ]
        return len(set.intersection(*ended))

    def _put(self, name: str, changed: Arm) -> Arm:
        if not self.is_own(name):
            changed = msgspec.structs.replace(changed, name=self._free_name(), lesson=None)
            self.arms.append(changed)
        else:
            self.arms = [changed if arm.name == name else arm for arm in self.arms]
            self._forget(name)
        return changed

    def _forget(self, name: str) -> None:
        """The runs of an arm that is no longer what they were made with."""
        self.current = {key: run for key, run in self.current.items() if key[0] != name}

    def _free_name(self) -> str:
        taken = {arm.name for arm in self.arms}
        names = (OWN if i == 1 else f"{OWN} {i}" for i in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)
