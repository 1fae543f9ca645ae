"""The offer to go on with runs that were interrupted: those of the last session, or of a worker that was lost.

Free of Textual. It stands among the next steps, a line and a key, until something is run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regtui.resuming import Left, adopt, left_behind
from regtui.scenario import Scenario, read_presets
from regtui.session import Session
from regtui.store import RunHistory

if TYPE_CHECKING:
    from regtui.ui.view import View


@dataclass(frozen=True)
class Offer:
    """What the last session left unfinished and a scenario that is here can take up."""

    scenario: Scenario
    left: Left

    @property
    def sentence(self) -> str:
        """As it stands after its key."""
        title = self.scenario.title.partition(":")[0]
        return f"finishes {_interrupted(self.left.unfinished)} of {title}"


def find_offer(root: Path, present: Scenario) -> Offer | None:
    """What there is to go on with in a store; None for nothing. Reads records: not for the event loop.

    present  the scenario that is open, which may be a file that is no preset
    """
    try:
        left = left_behind(root)
    except OSError:  # a store that cannot be read is told of when something is recorded
        return None
    if left is None:
        return None
    known = {scenario.id: scenario for _, scenario in read_presets()[0]} | {present.id: present}
    scenario = known.get(left.scenario)
    if scenario is None:
        return None
    fitting = Left(left.scenario, tuple(adopt(Session(scenario), left.runs)))
    return Offer(scenario, fitting) if fitting.unfinished and fitting.codes <= set(scenario.options) else None


def interrupted_here(session: Session) -> list[RunHistory]:
    """Runs of this session that lost their worker and can go on; none while others still run."""
    if session.is_busy:
        return []
    return [run for run in session.current.values() if run.is_interrupted]


def offer_here(session: Session) -> str:
    """The same for the session on the screen, "" for nothing."""
    runs = interrupted_here(session)
    if not runs:
        return ""
    saved = [run.checkpoint.step for run in runs if run.checkpoint is not None]
    if len(runs) == 1:
        return f"finishes it from step {saved[0]} on" if saved else ""
    return f"finishes {_interrupted(runs)}" if saved else ""


def take_up(view: View, open_scenario: Callable[[Scenario], None]) -> str:
    """Go on with what is on offer; a sentence for the user. `open_scenario` shows the one that the runs belong to."""
    runs, offer = interrupted_here(view.session), view.offer
    if not runs and offer is not None and view.session.can_predict:
        view.offer = None
        if offer.scenario.id != view.session.scenario.id:
            open_scenario(offer.scenario)
        runs = [run for run in adopt(view.session, offer.left.runs) if run.is_interrupted]
    return view.race.go_on(runs) if runs else "Nothing was interrupted: press space to run."


def _interrupted(runs: list[RunHistory]) -> str:
    return "1 interrupted run" if len(runs) == 1 else f"{len(runs)} interrupted runs"
