"""How the values that enter an activation are spread: bars against the bell of N(0, 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE, LayerInside
from regtui.store import RunHistory
from regtui.ui.charts import Area, Chart, Series
from regtui.ui.figures.figure import Figure, version, waiting_text
from regtui.ui.figures.layers import has_layer, layer_course
from regtui.ui.palette import neutral
from regtui.ui.text import FAINT, MUTED, line
from regtui.ui.view import View

ABOUT = "how the values lie\nthat enter an activation"

PARTS = 10_000
"""What the parts of a recorded histogram add up to."""
BEYOND = 0.02
"""Share of values in the two outer bins from which on the title tells it; N(0, 1) has 0.0002 there."""

TOGETHER = 2
"""Recorded bins in one bar: bars of less than a column would be noise."""

_BARS = HISTOGRAM_BINS // TOGETHER
_WIDTH = 2 * HISTOGRAM_EDGE / _BARS
_EDGES = [-HISTOGRAM_EDGE + _WIDTH * i for i in range(_BARS + 1)]
_BELL_X = [-HISTOGRAM_EDGE + HISTOGRAM_EDGE * i / 50 for i in range(101)]
_BELL_Y = [math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in _BELL_X]


def spread_figure(view: View, place: tuple[str, str]) -> Figure:
    """The picked layer, or else the first, of the selected arm, or else of the first arm that has it.

    Bars: the latest probe. The axis has the values as they are, so a layer whose values are not normalized shows how
    far it is from N(0, 1).
    """
    arm, run = _shown(view)
    name = _layer(view, run)
    course = [(at, layer) for at, layer in layer_course(run, name) if layer.histogram] if run is not None else []
    series: list[Series] = []
    areas: list[Area] = []
    parts = [("Histogram", "bold"), (f"  {name}" if name else "", "$accent" if view.picked == name else MUTED)]
    if course:
        color = view.color(arm)
        epoch, latest = course[-1]
        x, y = bars(latest)
        areas = [Area(x, [0.0] * len(x), y, color)]
        series = [
            Series(arm, x, y, color, dim=True, label_end=False),
            Series("N(0, 1)", _BELL_X, _BELL_Y, neutral(view.dark), label_end=False),
        ]
        outer = (latest.histogram[0] + latest.histogram[-1]) / PARTS
        parts += [(f" {view.sign(arm)}", color), place, (f"  {outer:.0%} beyond" if outer >= BEYOND else "", MUTED)]
        parts += [("  ─ N(0, 1)", neutral(view.dark)), (f"  epoch {epoch:.3g}", FAINT)]
    else:
        parts.append(place)
    chart = Chart(
        series=series, areas=areas, x_limits=(-HISTOGRAM_EDGE, HISTOGRAM_EDGE), y_limits=_limits(series),
        empty_text="no histograms in\nthe record of this run" if run is not None else waiting_text(view, ABOUT),
    )  # fmt: skip
    subject = (view.session.scenario.id, "histogram", arm, name)
    picks = () if view.picked else None
    return Figure(line(*parts), chart, (*version(view), view.inside, view.picked), subject, picks)


def bars(layer: LayerInside) -> tuple[list[float], list[float]]:
    """The outline of the bars: x the values, y the density, so that the area is the share of the values."""
    x: list[float] = []
    y: list[float] = []
    for i in range(_BARS):
        height = sum(layer.histogram[TOGETHER * i : TOGETHER * (i + 1)]) / PARTS / _WIDTH
        x += [_EDGES[i], _EDGES[i + 1]]
        y += [height, height]
    return [x[0], *x, x[-1]], [0.0, *y, 0.0]


def _shown(view: View) -> tuple[str, RunHistory | None]:
    for arm in (view.selected, *view.session.arms):
        run = view.shown_run(arm.name)
        if run is not None and run.insides and (not view.picked or has_layer(run, view.picked)):
            return arm.name, run
    return view.selected.name, None


def _layer(view: View, run: RunHistory | None) -> str:
    if run is None:
        return ""
    return view.picked if has_layer(run, view.picked) else run.insides[-1].layers[0].name


def _limits(series: Sequence[Series]) -> tuple[float, float]:
    highest = max((y for one in series for y in one.y), default=0.4)
    return 0.0, max(0.1 * math.ceil(10 * highest), 0.5)
