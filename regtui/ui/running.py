"""What the explorer's keys do to runs: start, hold, stop, repeat and forget them, and go to another scenario.

A key that throws something away, or lets runs count no more, is asked for twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from regtui import own
from regtui.aside import beside
from regtui.scenario import Scenario
from regtui.ui.sweeping import SweepApp
from regtui.ui.unfinished import take_up

WARNED_FOR = 5.0
"""Seconds that a warning holds."""


class RunsApp(SweepApp):
    """The actions on the runs of the scenario that is open. `regtui.ui.racing` carries them out."""

    _warned = ("", 0.0)
    """The key that was pressed once and asks for a second press, and when."""

    def action_run_or_pause(self) -> None:
        self._start(self.view.race.run_or_pause)

    def action_step(self) -> None:
        self._start(self.view.race.step)

    def action_stop(self) -> None:
        self.changed(self.view.race.stop())

    def action_finish(self) -> None:
        self.changed(take_up(self.view, self.open_scenario))

    def action_more_seeds(self) -> None:
        self._start(self.view.race.more_seeds)

    def action_all_seeds(self) -> None:
        self._start(self.view.race.all_seeds)

    def action_training_mode(self) -> None:
        race, arm = self.view.race, self.view.selected.name
        if not race.would_be_steered(arm) or self._asked_twice(
            "T", f"Press T again to train {arm} on in eval(): its run is then left out of the verdicts."
        ):
            self.changed(race.switch_mode(arm))

    def action_reset(self) -> None:
        done = any(run.state == "finished" for run in self.view.session.current.values())
        if done and not self._asked_twice("r", "Press r again to throw away all runs."):
            return
        sentence = self.view.race.reset()
        self.view.arm = self.view.session.arms[0].name
        self.changed(sentence)

    def action_reveal(self) -> None:
        unseen = self.view.session.is_sealed and not self.view.session.is_busy and not self.view.session.is_revealed
        if not unseen or self._asked_twice(
            "R", "The test part is for one look, once nothing is left to choose: press R again to measure it."
        ):
            self.changed(self.view.race.reveal())

    def action_next_scenario(self) -> None:
        self._go(1, "n")

    def action_previous_scenario(self) -> None:
        self._go(-1, "p")

    def _start(self, start: Callable[[], str]) -> None:
        """Have runs start; on data of the user's own once it is known that they are still those that were read."""
        if self.view.session.is_sealed and not self.view.session.is_busy:
            self.run_worker(self._start_on_the_same(start), group="start", exclusive=True)
        else:
            self.changed(start())

    async def _start_on_the_same(self, start: Callable[[], str]) -> None:
        session = self.view.session
        data = [arm.data for arm in session.arms]
        sentence = await beside(lambda: own.why_stale(data))
        if session is not self.view.session:
            return  # another scenario was opened meanwhile
        if sentence:
            self.say(sentence, is_error=True)
        else:
            self.changed(start())

    def _go(self, by: int, key: str) -> None:
        scenario = self.curriculum.neighbour(self.view.session.scenario.id, by)
        if scenario is None:
            self.say("This is the last scenario." if by > 0 else "This is the first scenario.")
        elif not self.view.session.is_busy or self._asked_twice(
            key, f"Runs are under way: press {key} again to stop them and go on."
        ):
            self.open_scenario(scenario)

    def _asked_twice(self, key: str, sentence: str) -> bool:
        """Whether a key was pressed for the second time; the first time only tells the sentence."""
        pressed, at = self._warned
        if pressed == key and time.monotonic() - at <= WARNED_FOR:
            self._warned = ("", 0.0)
            return True
        self._warned = (key, time.monotonic())
        self.say(sentence)
        return False

    def open_scenario(self, scenario: Scenario) -> None:
        """Stop what runs and show another scenario, or the same one anew."""
        self.runner.stop()
        self.view.open(self.curriculum.race(scenario))
        self.changed()

    def changed(self, sentence: str = "") -> None:
        """Show at once what the user's own doing changed."""
        self.explorer.show_all()
        if sentence:
            self.say(sentence)

    def say(self, sentence: str, *, is_error: bool = False) -> None:
        """A sentence in a corner for a few seconds."""
        self.notify(sentence, severity="error" if is_error else "information", timeout=6, markup=False)
