"""The offer to go on with runs that were interrupted: those of the last session, or of a worker that was lost.

Free of Textual. It stands among the next steps, a line and a key, until something is run.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from regtui import own
from regtui.own.models import needs_consent
from regtui.own.named import is_code
from regtui.resuming import Left, adopt, left_behind
from regtui.scenario import Scenario, read_presets
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.store import RunHistory
from regtui.store.reading import read_scenario

if TYPE_CHECKING:
    from regtui.ui.view import View


@dataclass(frozen=True)
class Offer:
    """What the last session left unfinished and a scenario that is here can take up, or a command can."""

    scenario: Scenario
    left: Left
    command: str = ""
    """What goes on with it in the place of this process, which was not told of the code that it runs."""

    @property
    def sentence(self) -> str:
        """As it stands after its key."""
        named = own.label(self.left.unfinished[0].spec.data.name)
        on = f" on {named}" if own.is_own(self.left.unfinished[0].spec.data.name) else ""
        what = f"{_interrupted(self.left.unfinished)} of {self.scenario.title.partition(':')[0]}{on}"
        return f"says what finishes {what}" if self.command else f"finishes {what}"


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
    scenario = known.get(left.scenario) or _own_work(root, left)
    if scenario is None:
        return None
    fitting = Left(left.scenario, tuple(adopt(Session(scenario), left.runs)))
    if not fitting.unfinished:
        return None
    models = {arm.model.name for arm in scenario.arms} | {run.spec.model.name for run in fitting.unfinished}
    # What this command line names is in the options of the scenario that it opened; those of a record are no consent.
    unnamed = {name for name in models if is_code(name)} - set(present.options)
    told = [name for name in sorted(unnamed) if needs_consent("", name, None)]
    named = "".join(f" --model {shlex.quote(printable(name))}" for name in told)
    return Offer(scenario, fitting, f"regtui resume{named}" if unnamed else "")


def _own_work(root: Path, left: Left) -> Scenario | None:
    """The scenario that runs on own data or an own model were recorded with; None for other runs, and for data that
    are not what they were."""
    specs = [run.spec for run in left.runs]
    if not any(own.is_own(spec.data.name) or is_code(spec.model.name) for spec in specs):
        return None
    try:
        for name, size, fit in dict.fromkeys((spec.data.name, spec.data.size, spec.data.fit) for spec in specs):
            if own.is_own(name):
                own.adopt(name, size=size, fit=fit)
    except own.OwnDataError:
        return None
    found = (read_scenario(root / run.run) for run in left.runs)
    stored = next((scenario for scenario in found if scenario is not None and scenario.id == left.scenario), None)
    # Its options would become words of commands: only the data may, a record could name any code.
    data = next((("--data", spec.data.name) for spec in specs if own.is_own(spec.data.name)), ())
    return None if stored is None else msgspec.structs.replace(stored, options=data)


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
        if offer.command:
            return f"Their model is code that this command line does not name: {offer.command} goes on with them."
        view.offer = None
        if offer.scenario.id != view.session.scenario.id:
            open_scenario(offer.scenario)
        runs = [run for run in adopt(view.session, offer.left.runs) if run.is_interrupted]
    return view.race.go_on(runs) if runs else "Nothing was interrupted: press space to run."


def _interrupted(runs: list[RunHistory]) -> str:
    return "1 interrupted run" if len(runs) == 1 else f"{len(runs)} interrupted runs"
