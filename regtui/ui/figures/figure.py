"""A chart with its title, and what all figures share: curves over seeds, the epoch axis, marks of steering."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from regtui.events import Evaluated
from regtui.session import Session
from regtui.store import RunHistory
from regtui.store.slim import mean
from regtui.ui.charts import Chart, Limits, Mark, Series
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


MOST_POINTS = 500
"""Of a curve of evaluations: a chart of 200 columns has 400 dots side by side."""


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """A metric over epochs: mean, lowest and highest of all seeds that got that far."""

    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: int


def over_seeds(runs: Iterable[RunHistory], read: Callable[[Evaluated], float | None]) -> OverSeeds:
    """One curve of an arm's evaluations; NaN and infinities of a single seed are left out of its mean.

    A chart has a hundred columns, a run may have thousands of evaluations: beyond `MOST_POINTS` neighbours are drawn
    together, all but the last one, mean, lowest and highest as over seeds.
    """
    found: dict[float, list[float]] = {}
    seeds = 0
    for run in runs:
        values = [(event.step / run.steps_per_epoch, read(event)) for event in run.evaluations]
        numbers = [(x, value) for x, value in values if value is not None and math.isfinite(value)]
        seeds += bool(numbers)
        for x, value in numbers:
            found.setdefault(x, []).append(value)
    rows = [(x, mean(found[x]), min(found[x]), max(found[x])) for x in sorted(found)]
    together = max(1, math.ceil((len(rows) - 1) / MOST_POINTS))
    parts = [rows[i : i + together] for i in range(0, len(rows) - 1, together)]
    parts += [rows[-1:]] if rows else []
    return OverSeeds(
        [part[-1][0] for part in parts],
        [mean([row[1] for row in part]) for part in parts],
        [min(row[2] for row in part) for part in parts],
        [max(row[3] for row in part) for part in parts],
        seeds,
    )


def curves_apart(view: View, arm: str, read: Callable[[Evaluated], float | None]) -> list[Series]:
    """A dotted curve for each run that is not averaged with the others of its arm: mostly since it was steered."""
    found = []
    for run in apart(view.session.of_arm(arm)):
        curve = over_seeds([run], read)
        if curve.x:
            name = f"{STEERED}{arm}" if run.is_steered else arm
            found.append(Series(name, curve.x, curve.mean, view.color(arm), "dotted"))
    return found


def common_runs(session: Session, has: Callable[[RunHistory], object]) -> dict[str, RunHistory]:
    """A run an arm that has what is to be drawn: of the first seed that all such arms share, else of its first one."""
    having = {
        arm.name: {seed: run for seed, run in session.of_arm(arm.name).items() if has(run)} for arm in session.arms
    }
    found = {arm: runs for arm, runs in having.items() if runs}
    shared = set.intersection(*(set(runs) for runs in found.values())) if found else set()
    return {arm: runs[min(shared or runs)] for arm, runs in found.items()}


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


def waiting_text(view: View) -> str:
    """What an empty chart of evaluations says."""
    session = view.session
    if session.is_busy:
        return "waiting for\nthe first measurement"
    diverged = [arm for (arm, _), run in session.current.items() if run.state == "diverged"]
    if diverged and not session.missing(range(view.race.seeds)):
        # Nothing is left that space would run.
        return f"{', '.join(dict.fromkeys(diverged))}:\ndiverged before\nthe first evaluation"
    return "press space to run"
