"""The races of the scenarios that were visited, and which scenario comes before or after another."""

from __future__ import annotations

from regtui.scenario import Scenario, read_presets
from regtui.session import Session
from regtui.spec import Precision, Threads
from regtui.store import Recorder
from regtui.ui.racing import Race
from regtui.ui.runners import RunnerLike


class Curriculum:
    """Coming back to a scenario shows what was measured there."""

    def __init__(
        self, runner: RunnerLike, *, recorder: Recorder | None, device: str, threads: Threads, seeds: int,
        precision: Precision = "fp32",
    ) -> None:  # fmt: skip
        self.runner, self.recorder = runner, recorder
        self.device, self.threads, self.seeds, self.precision = device, threads, seeds, precision
        self._races: dict[str, Race] = {}

    def race(self, scenario: Scenario) -> Race:
        """The race of a scenario; a new one at the first visit."""
        if scenario.id not in self._races:
            session = Session(
                scenario, recorder=self.recorder, device=self.device, threads=self.threads, precision=self.precision
            )
            self._races[scenario.id] = Race(session, self.runner, seeds=self.seeds)
        return self._races[scenario.id]

    def visited(self, scenario: str) -> Session | None:
        """The session of a scenario by its id, where it was visited."""
        race = self._races.get(scenario)
        return race.session if race is not None else None

    def owner(self, run: str) -> Session | None:
        """The session that asked for a run."""
        return next((race.session for race in self._races.values() if run in race.session.runs), None)

    def neighbour(self, present: str, by: int) -> Scenario | None:
        """The preset before (-1) or after (+1) the one of that id; the first one for a file that is no preset."""
        scenarios = [scenario for _, scenario in read_presets()[0]]
        ids = [scenario.id for scenario in scenarios]
        at = ids.index(present) + by if present in ids else 0
        return scenarios[at] if 0 <= at < len(scenarios) else None
