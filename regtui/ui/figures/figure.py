"""A chart with its title, and what all figures share: curves beside the others, the epoch axis, marks of steering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regtui.scenario import Arm
from regtui.store import RunHistory
from regtui.ui.charts import Chart, Limits, Mark, Series
from regtui.ui.figures.over_seeds import Read, over_seeds
from regtui.ui.standing import STEERED, apart
from regtui.ui.text import Line
from regtui.ui.view import View


@dataclass(frozen=True, slots=True)
class Figure:
    """What a chart pane shows."""

    title: Line
    chart: Chart
    version: tuple[object, ...]
    """Equal versions draw the same picture, so nothing needs to be drawn again."""
    subject: tuple[object, ...]
    """While it stays the same, axes only grow."""
    picks: tuple[str, ...] | None = None
    """The layers that a click picks, by the column they stand in; empty: a click goes back to all layers, None: it
    does nothing."""


def curves_apart(view: View, arm: str, read: Read) -> list[Series]:
    """A dotted curve for each run that is not averaged with the others of its arm: mostly since it was steered."""
    found = []
    for run in apart(view.session.of_arm(arm)):
        curve = over_seeds([run], read)
        if curve.x:
            name = f"{STEERED}{arm}" if run.is_steered else arm
            found.append(Series(name, curve.x, curve.mean, view.color(arm), "dotted"))
    return found


def common_runs(view: View, has: Callable[[RunHistory], object]) -> dict[str, RunHistory]:
    """A run an arm that has what is to be drawn: of the first seed that all such arms share, else of its first one."""
    having = {
        arm.name: {seed: run for seed, run in view.session.of_arm(arm.name).items() if has(run)}
        for arm in selected_last(view)
    }
    found = {arm: runs for arm, runs in having.items() if runs}
    shared = set.intersection(*(set(runs) for runs in found.values())) if found else set()
    return {arm: runs[min(shared or runs)] for arm, runs in found.items()}


def selected_last(view: View) -> list[Arm]:
    """The arms in the order in which they are drawn: the selected one lies on top of the others."""
    return sorted(view.session.arms, key=lambda arm: arm.name == view.selected.name)


def epochs(view: View) -> Limits:
    """The x axis: from the start to the longest arm's last epoch."""
    planned = [arm.train.epochs for arm in view.session.arms]
    return 0.0, float(max(planned))


def marks(view: View) -> tuple[Mark, ...]:
    """Where an arm's setting was changed while it trained."""
    found = []
    for run in [run for arm in view.session.arms for run in view.session.of_arm(arm.name).values()]:
        arm = run.spec.arm
        for marker in run.markers:
            if marker.kind == "set":
                number = f"{marker.value:g}" if isinstance(marker.value, float) else str(marker.value)
                name = marker.key.rpartition(".")[2]
                found.append(Mark(marker.step / run.steps_per_epoch, f"{view.sign(arm)} {name} {number}"))
    return tuple(found)


def version(view: View) -> tuple[object, ...]:
    """Changes with everything that any curve of the session depends on."""
    runs = tuple((name, seed, run.run, run.version) for (name, seed), run in view.session.current.items())
    return (view.session.scenario.id, view.dark, view.arm, len(view.session.arms), runs)


PRESS = "press space to run"


def waiting_text(view: View, about: str) -> str:
    """What an empty chart says: `about`, what it is going to show, and what to press for it."""
    session = view.session
    if session.is_busy:
        return "waiting for\nthe first measurement"
    diverged = [arm for (arm, _), run in session.current.items() if run.state == "diverged"]
    if diverged and not session.missing(range(view.race.seeds)):
        # Nothing is left that space would run.
        return f"{', '.join(dict.fromkeys(diverged))}:\ndiverged before\nthe first evaluation"
    return f"{about}\n\n{PRESS}"
