"""The charts of a sweep: the best so far over its trials, and validation accuracy against each setting.

A trial is a point: filled where it is complete, a ring where it was given up, a star for the best one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from regtui.sweep.following import ENDED, Following
from regtui.sweep.record import Trial
from regtui.sweep.space import Dimension
from regtui.ui.charts import RING, Chart, Limits, Series, Stroke
from regtui.ui.figures.figure import Figure
from regtui.ui.palette import ArmLook, neutral
from regtui.ui.text import FAINT, MUTED, STRONG, Line, line

MOST_POINTS = 200
"""Trials drawn, the latest ones and the best; each is drawn by itself."""
EDGE = 0.03
"""Share of the axis that is left free on both sides, so that points at the ends of a range are whole."""


def best_figure(sweep: Following, *, dark: bool) -> Figure:
    """The highest validation accuracy after each trial that counts, and every trial's own."""
    best = sweep.best_so_far()
    x, y = _stairs(best)
    place = {number: float(i) for i, number in enumerate(sweep.ended, 1)}
    series = list(_points(sweep, ((trial, place[trial.number]) for trial in _shown(sweep)), dark=dark))
    if x:
        # A single trial has no curve yet; its star is all there is.
        series.insert(0, Series("", x, y, ArmLook(1).color(dark), label_end=False))
    chart = Chart(
        series=series, x_label="trials", x_limits=(0.0, float(max(sweep.wanted, len(best), 1)) + 0.5),
        empty_text="" if series else _waiting(sweep),
    )  # fmt: skip
    top = sweep.best
    title: Line = line(("Best so far", STRONG))
    if top is not None and top.validation is not None:
        title = line(*title, (f"  ★ {top.validation:.1f} %", ArmLook(1).color(dark)), (f"  trial {top.number}", MUTED))
        title = line(*title, ("  validation", FAINT))
    return Figure(title, chart, (sweep.version, dark), (sweep.plan.id, "best"))


def slice_figure(sweep: Following, dimension: Dimension, *, dark: bool) -> Figure:
    """Validation accuracy against one setting, whatever the others were."""
    placed = ((trial, _place(dimension, trial)) for trial in _shown(sweep))
    series = list(_points(sweep, ((trial, x) for trial, x in placed if x is not None), dark=dark))
    is_choice = dimension.kind == "choice"
    chart = Chart(
        series=series,
        x_limits=None if is_choice else _limits(dimension),
        x_ticks=log_ticks(dimension.low, dimension.high) if dimension.log else None,
        categories=[str(choice) for choice in dimension.choices] if is_choice else None,
        empty_text="" if series else _waiting(sweep),
    )
    share = sweep.standing.importance.get(dimension.key)
    matters = f"  matters {100 * share:.0f} %" if share is not None else ""
    title = line((dimension.key, STRONG), (matters, MUTED), ("  validation %", FAINT))
    return Figure(title, chart, (sweep.version, dark), (sweep.plan.id, dimension.key))


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Places and texts for a logarithmic axis: powers of ten, with 2 and 5 between them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first < 3 else (1,)
    values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [(math.log10(value), f"{value:g}") for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def _shown(sweep: Following) -> list[Trial]:
    """Those that count, the latest ones; the best is among them however old it is."""
    found = [sweep.trials[number] for number in sweep.ended[-MOST_POINTS:]]
    best = sweep.best
    return [*found, *([best] if best is not None and best not in found else [])]


def _points(sweep: Following, placed: Iterable[tuple[Trial, float]], *, dark: bool) -> Iterable[Series]:
    """A series a trial; the best one last, so that it lies on top."""
    best = sweep.best
    for trial, x in sorted(placed, key=lambda found: found[0] is best):
        if trial.validation is None or trial.state not in ENDED:
            continue
        stroke: Stroke = "★" if trial is best else "●" if trial.state == "complete" else RING
        hue = ArmLook(1 if trial is best else 0).color(dark) if trial.state == "complete" else neutral(dark)
        yield Series("", [x], [trial.validation], hue, stroke, label_end=False)


def _place(dimension: Dimension, trial: Trial) -> float | None:
    value = trial.params.get(dimension.key)
    if dimension.kind == "choice":
        return float(dimension.choices.index(value)) if value in dimension.choices else None
    if isinstance(value, str) or value is None:
        return None
    return math.log10(value) if dimension.log else float(value)


def _limits(dimension: Dimension) -> Limits:
    low, high = (math.log10(end) if dimension.log else end for end in (dimension.low, dimension.high))
    edge = EDGE * (high - low)
    return low - edge, high + edge


def _stairs(values: list[float]) -> tuple[list[float], list[float]]:
    """A curve that rises where a value does and stays in between."""
    x: list[float] = []
    y: list[float] = []
    for i, value in enumerate(values, 1):
        if y and not math.isnan(y[-1]) and y[-1] != value:
            x.append(float(i))
            y.append(y[-1])
        x.append(float(i))
        y.append(value)
    return x, y


def _waiting(sweep: Following) -> str:
    return "the first trial\nis under way" if sweep.is_alive else "no trial has ended"
