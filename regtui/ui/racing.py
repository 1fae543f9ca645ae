"""What a press of a key means for the runs: which start, which are steered, which must begin again.

Free of Textual. Each request answers with the sentence that the user is told, "" where the screen says it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from regtui.commands import Probe, ProbeKind
from regtui.modes import Mode
from regtui.resuming import ResumeError, go_on
from regtui.session import Session
from regtui.spec import Scalar
from regtui.store import RunHistory
from regtui.ui.runners import RunnerLike


class Race:
    """The arms of one session against each other, on one runner."""

    def __init__(self, session: Session, runner: RunnerLike, *, seeds: int = 1) -> None:
        self.session, self.runner = session, runner
        self.seeds = max(1, seeds)
        """Paired seeds asked for so far; they are 0, 1, ..."""
        self._first_seeds = self.seeds
        self._probes = 0
        self._owed: dict[str, None] = {}
        """Arms that were edited while something ran; their runs start once the editing rests."""

    # -- space, s, x, m, M, r ------------------------------------------------------------------------------------

    def run_or_pause(self) -> str:
        """Start what is missing, or hold, or go on."""
        if self.session.is_busy:
            if self.runner.is_paused:
                self.runner.resume()
            else:
                self.runner.pause()
            return ""
        if self._submit_missing():
            return ""
        if self.seeds < self.session.scenario.seeds:
            return f"Every arm is done with {_seeds(self.seeds)}: press m for one more seed, r to start over."
        return f"Every arm is done with {_seeds(self.seeds)}: press n for the next scenario, r to start over."

    def step(self) -> str:
        """One training step of every run in hand; with none, the first waiting run starts and is held after it."""
        if not self.session.is_busy:
            self.runner.pause()
            if not self._submit_missing():
                self.runner.resume()
                return "Nothing is left to step through: press r to start over."
        self.runner.step(1)
        return ""

    def stop(self) -> str:
        """End every run."""
        if not self.session.is_busy:
            return "Nothing is running: press space to run."
        self._owed.clear()
        self.runner.stop()
        return "Stopping. What was measured stays on the screen; space starts the stopped runs again."

    def reset(self) -> str:
        """Stop, forget all runs and the user's own arms."""
        self._owed.clear()
        self.runner.stop()
        self.session.reset()
        self.seeds = self._first_seeds
        return "Back to the start: the scenario's own arms, no runs."

    def go_on(self, runs: Sequence[RunHistory]) -> str:
        """Go on with interrupted runs of the session, each from its checkpoint; without one it begins again."""
        try:
            requests = go_on(self.session, runs)
        except ResumeError as error:
            return f"Nothing was started: {error}."
        self.seeds = max(self.seeds, *(run.spec.seed + 1 for run in runs))
        self.runner.submit(requests)
        anew = sum(not request.resume for request in requests)
        if anew == len(requests):
            return "No checkpoint was written yet: beginning again."
        return "Going on from the last checkpoint" + (f"; {anew} begin again." if anew else ".")

    def more_seeds(self) -> str:
        """One more seed for all arms; the same seed means the same initialization and batches in every arm."""
        most = self.session.scenario.seeds
        if self.seeds >= most and not self.session.missing(range(self.seeds)):
            return f"This scenario takes {_seeds(most)}, and all are under way or done."
        if self.session.seeds or self.session.is_busy:
            self.seeds = min(self.seeds + 1, most)
        self._submit_missing()
        return f"Seed {self.seeds} of {most}: every arm with the same initialization and the same batches."

    def all_seeds(self) -> str:
        """As many seeds for all arms as the scenario takes."""
        most = self.session.scenario.seeds
        if self.seeds >= most and not self.session.missing(range(self.seeds)):
            return f"This scenario takes {_seeds(most)}, and all are under way or done."
        self.seeds = max(self.seeds, most)
        self._submit_missing()
        return f"{_seeds(most).capitalize()} for every arm: the intervals get narrower with each."

    def reveal(self) -> str:
        """Measure the test part of own data for every finished run that has not been."""
        if not self.session.is_sealed:
            return "Only the test part of data of your own is kept apart; what is shown here is test."
        if self.session.is_busy:
            return "Runs are under way: reveal the test part once they are done."
        requests = self.session.reveal()
        if not requests:
            return "Nothing is left to reveal: every finished run was measured on the test part."
        self.runner.submit(requests)
        return "Measuring the test part; the figures and their time go into the record."

    # -- edits ---------------------------------------------------------------------------------------------------

    def edit(self, arm: str, key: str, value: Scalar, *, steerable: bool) -> tuple[str, str]:
        """Change a setting; the arm that has it now, and a sentence. Raises ScenarioError."""
        states = self._states(arm)
        live = [run for run in self.session.of_arm(arm).values() if run.is_live]
        if self.session.is_own(arm) and steerable and not isinstance(value, str):
            started = [run for run in live if run.state != "waiting"]
            if started:
                self.session.steer(arm, key, value)
                for run in started:
                    self.runner.set(run.run, key, float(value))
                self._begin_again([run.run for run in live if run.state == "waiting"], arm)
                return arm, ""
        return self._changed(arm, states, now=self.session.change(arm, key, value).name)

    def switch_mode(self, arm: str) -> str:
        """Have the runs of an arm that are in hand train on in the other mode, eval() or train()."""
        live = self._in_hand(arm)
        if not live:
            return f"No run of {arm} trains: T switches one that does between train() and eval()."
        mode: Mode = "train" if live[0].mode == "eval" else "eval"
        for run in live:
            self.runner.set_mode(run.run, mode)
        if mode == "train":
            return f"{arm} trains in train() again from its next step on."
        return (
            f"{arm} trains in eval() from its next step on: Dropout off, BatchNorm with its running statistics, which "
            "now stay. Steered: no part in the verdicts. T switches back."
        )

    def would_be_steered(self, arm: str) -> bool:
        """Whether steering takes a run out of the verdicts that is in them now: one of an arm of the scenario."""
        return not self.session.is_own(arm) and any(not run.is_steered for run in self._in_hand(arm))

    def toggle(self, arm: str, regularizer: str) -> tuple[str, str]:
        """Switch a regularizer on or off; the arm that has it now, and a sentence. Raises ScenarioError."""
        return self._changed(arm, self._states(arm), now=self.session.toggle(arm, regularizer).name)

    def move(self, arm: str, key: str, by: int) -> tuple[str, str]:
        """Move a stack entry; the arm that has it now, and a sentence. One that is gone already stays gone."""
        stack = self.session.arm(arm).stack
        at = next((i for i, entry in enumerate(stack) if entry.key == key), None)
        if at is None or not 0 <= at + by < len(stack):
            return arm, ""
        return self._changed(arm, self._states(arm), now=self.session.move(arm, stack[at], by).name)

    def probe(self, arm: str, draw: int, kind: ProbeKind = "preview") -> str:
        """Look at an arm: a run of it that trains answers for itself; all but previews can be had of one that was made.

        Gives the id that the answer will have.
        """
        runs = list(self.session.of_arm(arm).values())
        made = [run for run in runs if kind != "preview" and run.checkpoint is not None]
        run = next(iter([*self._in_hand(arm), *made]), None)
        # A checkpoint belongs to what it was made with; a preview follows what the arm has become.
        spec = run.spec if run and kind != "preview" else self.session.spec(arm, run.spec.seed if run else 0)
        self._probes += 1
        ask = f"{self.session.scenario.id}/{self._probes}"
        self.runner.probe(Probe(ask=ask, kind=kind, spec=spec, run=run.run if run else "", draw=draw))
        return ask

    def drop(self, arm: str) -> str:
        """Take an arm of the user's own away."""
        if not self.session.is_own(arm):
            return f"{arm} belongs to the scenario and stays; only arms of your own can be dropped."
        self._owed.pop(arm, None)
        self.runner.stop([run.run for run in self.session.of_arm(arm).values() if run.is_live])
        self.session.drop(arm)
        return f"{arm} is gone."

    def start_edited(self) -> None:
        """Queue the runs of arms that were edited while others ran, for the same seeds."""
        arms, self._owed = list(self._owed), {}
        for arm in arms:
            seeds = [seed for name, seed in self.session.missing(range(self.seeds)) if name == arm]
            self.runner.submit(self.session.request([arm], seeds))

    # -- inside --------------------------------------------------------------------------------------------------

    def _in_hand(self, arm: str) -> list[RunHistory]:
        """The runs of an arm that a worker is making."""
        return [run for run in self.session.of_arm(arm).values() if run.state in ("running", "paused")]

    def _states(self, arm: str) -> set[str]:
        """The states of an arm's runs before an edit takes them away."""
        return {run.state for run in self.session.of_arm(arm).values()}

    def _changed(self, before: str, states: set[str], *, now: str) -> tuple[str, str]:
        """What an edit of the arm `before`, whose runs had these states, means for its runs."""
        if now != before:
            if self.session.is_busy:
                self._owed[now] = None
                return now, f"Editing {before} made an arm of your own, {now}: it races with the same seeds."
            return now, f"Editing {before} made an arm of your own, {now}: press space to run it."
        superseded = [
            run.run for run in self.session.runs.values()
            if run.spec.arm == now and run.is_live and self.session.current.get((now, run.spec.seed)) is not run
        ]  # fmt: skip
        self.runner.stop(superseded)
        starts = bool(superseded) or self.session.is_busy
        if starts:
            self._owed[now] = None
        if "finished" in states:
            after = "It starts again." if starts else "space runs it again."
            return now, f"The result of {now} is gone: it was made with other settings. {after}"
        if states & {"running", "paused"}:
            return now, f"{now} starts again: this cannot change while it trains."
        return now, ""

    def _begin_again(self, runs: list[str], arm: str) -> None:
        """Runs that still wait were asked for with the old value."""
        if runs:
            self.runner.stop(runs)
            self._owed[arm] = None

    def _submit_missing(self) -> bool:
        """Ask for every (arm, seed) that has no run, seed by seed."""
        missing = self.session.missing(range(self.seeds))
        requests = [request for arm, seed in missing for request in self.session.request([arm], [seed])]
        if requests:
            self.runner.submit(requests)
        return bool(requests)


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
