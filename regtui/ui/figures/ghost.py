"""The previous run of the selected arm, behind its present one: what did the last edit change?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from regtui.store import RunHistory
from regtui.ui.charts import Series
from regtui.ui.figures.figure import Figure
from regtui.ui.figures.over_seeds import Read, over_seeds
from regtui.ui.text import MUTED
from regtui.ui.view import View

GHOST = " ┈ before"
"""In the title of a chart that has one."""

Draw = Callable[[View], Figure]


def ghosted(read: Read, *, after: int) -> Callable[[Draw], Draw]:
    """Put the ghost's curve beneath those of a figure, where the user asks for it.

    read   what the figure shows
    after  so many parts of the title the ghost is told: where room is short the last ones go first
    """

    def wrap(draw: Draw) -> Draw:
        @wraps(draw)
        def drawn(view: View) -> Figure:
            figure = draw(view)
            run = ghost_run(view)
            series = _curve(view, run, read) if run is not None else None
            if run is None or series is None:
                return figure
            chart = replace(figure.chart, series=[series, *figure.chart.series])
            if chart.y_limits is not None:
                chart = replace(chart, y_limits=(chart.y_limits[0], max(chart.y_limits[1], *series.y)))
            title = (*figure.title[:after], (GHOST, MUTED), *figure.title[after:])
            return replace(figure, title=title, chart=chart, version=(*figure.version, run.run, run.version))

        return drawn

    return wrap


def ghost_run(view: View) -> RunHistory | None:
    """The run of the same arm and seed before the one that is shown: of this session, else of the run store."""
    if not view.has_ghost:
        return None
    arm = view.selected.name
    shown = view.shown_run(arm)
    seed = shown.spec.seed if shown is not None else 0
    earlier = [
        run
        for run in view.session.runs.values()
        if run.spec.arm == arm and run.spec.seed == seed and run is not shown and run.evaluations
    ]
    return earlier[-1] if earlier else view.stored_ghosts.get((view.session.scenario.id, arm, seed))


def _curve(view: View, run: RunHistory, read: Read) -> Series | None:
    """Dotted and dim, in the arm's hue; None where nothing of the kind was measured."""
    curve = over_seeds([run], read)
    if not curve.x:
        return None
    color = view.color(view.selected.name)
    return Series("", curve.x, curve.mean, color, "dotted", dim=True, label_end=False)
