"""All settings of a sweep in one picture: each trial is a path through its values to what it came to.

Parallel coordinates (Inselberg 1985, https://doi.org/10.1007/BF01898350): an axis a setting, from the low end of its
range to the high one, and validation accuracy at the right. The better a trial, the brighter its path.
"""

from __future__ import annotations

import math

from regtui.sweep.following import Following
from regtui.sweep.record import Trial
from regtui.sweep.space import Dimension
from regtui.ui.charts import Chart, Mark, Series
from regtui.ui.charts.ink import blend
from regtui.ui.figures.figure import Figure
from regtui.ui.palette import ArmLook
from regtui.ui.shades import DARK, LIGHT
from regtui.ui.sweep_lines import short_name
from regtui.ui.text import FAINT, MUTED, STRONG, Line, line

MOST_PATHS = 100
"""Paths drawn, the best ones: more would be a thicket."""
FAINTEST, BRIGHTEST = 0.25, 1.0
"""Shares of the hue in the paths of the worst and of the best trials."""


def paths_figure(sweep: Following, *, dark: bool) -> Figure:
    """The complete trials as paths; the best one in another hue, with a star at each of its values."""
    best = sweep.best
    complete = sorted(
        (trial for trial in sweep.trials.values() if trial.state == "complete" and trial.validation is not None),
        key=lambda trial: trial.validation or 0.0,
    )[-MOST_PATHS:]
    keys = [dimension.key for dimension in sweep.plan.space]
    accuracies = [trial.validation or 0.0 for trial in complete]
    ends = (min(accuracies), max(accuracies)) if accuracies else (0.0, 0.0)
    x = [float(i) for i in range(len(keys) + 1)]
    series, ground = [], (DARK if dark else LIGHT).background
    for rank, trial in enumerate(complete):
        is_best = trial is best
        share = FAINTEST + (BRIGHTEST - FAINTEST) * (rank + 1) / len(complete)
        hue = ArmLook(1).color(dark) if is_best else blend(ground, ArmLook(0).color(dark), share)
        y = [*(_share(dimension, trial) for dimension in sweep.plan.space), _between(trial.validation or 0.0, ends)]
        series.append(Series("", x, y, hue, "★" if is_best else "solid", label_end=False))
    chart = Chart(
        series=series, y_limits=(0.0, 100.0), y_unit="%", marks=[Mark(place) for place in x] if series else (),
        categories=[*(short_name(key, keys) for key in keys), "validation"],
        empty_text="" if series else "no trial is complete",
    )  # fmt: skip
    title: Line = line(("Paths", STRONG), ("  share of each range", MUTED))
    if series:
        title = line(*title, (f"  validation {ends[0]:.1f} to {ends[1]:.1f} %", FAINT))
        title = line(*title, ("  ★ the best", ArmLook(1).color(dark)))
    return Figure(title, chart, (sweep.version, dark), (sweep.plan.id, "paths"))


def _share(dimension: Dimension, trial: Trial) -> float:
    """Percent of the range below a value; choices are spread evenly, in their order."""
    value = trial.params.get(dimension.key)
    if dimension.kind == "choice":
        if value not in dimension.choices:
            return math.nan
        return _between(dimension.choices.index(value), (0, len(dimension.choices) - 1))
    if isinstance(value, str) or value is None:
        return math.nan
    if dimension.log:
        return _between(math.log10(value), (math.log10(dimension.low), math.log10(dimension.high)))
    return _between(float(value), (dimension.low, dimension.high))


def _between(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return 100 * (value - low) / (high - low) if high > low else 50.0
