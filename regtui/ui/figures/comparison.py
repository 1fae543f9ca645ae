"""The chart of the comparison: an arm a curve, seeds as a band, the raw line dim behind a smoothed one."""

from __future__ import annotations

import math
from collections.abc import Iterable

from regtui.compare.curves import Curve
from regtui.ui.charts import Area, Chart, Limits, Mark, Series
from regtui.ui.charts.scale import round_step
from regtui.ui.comparison import Comparison, Key
from regtui.ui.figures.figure import Figure
from regtui.ui.text import FAINT, MUTED, duration, line

MOST = {"percent": 100.0}
"""By unit: what no value is above."""

LABELS = {"epoch": "epoch", "step": "step", "time": "s of training"}


def comparison_figure(comparison: Comparison, *, dark: bool) -> Figure:
    """What is picked, over what is chosen; the cursor is a line with its place."""
    curves = comparison.curves()
    is_smooth = comparison.smoothing > 0
    series: list[Series] = []
    areas: list[Area] = []
    for key, curve in curves.items():
        look = comparison.looks[key]
        color = look.color(dark)
        if is_smooth:
            series.append(Series(key[1], curve.x, curve.raw, color, dim=True, label_end=False))
        if curve.seeds > 1:
            areas.append(Area(curve.x, curve.low, curve.high, color))
        series.append(Series(key[1], curve.x, curve.mean, color, look.sign))
    marks = () if comparison.cursor is None else (Mark(comparison.cursor, place(comparison, comparison.cursor)),)
    most = MOST.get(comparison.metric.unit)
    chart = Chart(
        series=series, areas=areas, marks=marks, x_label=LABELS[comparison.axis], log_y=comparison.y_axis == "log",
        y_limits=end_limits(curves.values(), most) if comparison.y_axis == "end" else None,
        y_unit="%" if comparison.metric.unit == "percent" else "", empty_text=_empty(comparison, curves),
    )  # fmt: skip
    smooth = f"  smoothed {comparison.smoothing:g}, · as measured" if is_smooth else ""
    title = line(
        (comparison.metric.name.capitalize(), "bold"), (f"  {comparison.metric.unit}", MUTED),
        ("" if comparison.y_axis == "end" else f"  {comparison.y_axis} axis", MUTED), (smooth, FAINT),
    )  # fmt: skip
    subject = (comparison.metric.name, comparison.axis, comparison.y_axis, tuple(comparison.picked))
    return Figure(title, chart, (comparison.changes, dark), subject)


def end_limits(curves: Iterable[Curve], most: float | None = None) -> Limits | None:
    """Round limits of what was measured in the second half, bands and ends of shorter curves with it; None for nothing.

    most  no limit is above it
    """
    drawn = [curve for curve in curves if curve.x]
    half = max((curve.x[-1] for curve in drawn), default=0.0) / 2
    values = [
        y for curve in drawn for x, *beside in zip(curve.x, curve.low, curve.high, curve.raw, strict=True)
        if x >= min(half, curve.x[-1]) for y in beside if math.isfinite(y)
    ]  # fmt: skip
    if not values:
        return None
    low, high = min(values), max(values)
    step = round_step(max(high - low, 1e-3 * abs(high), 1e-6) / 4)
    low, high = step * math.floor(low / step), step * math.ceil(high / step)
    return low, high if most is None else min(high, most)


def place(comparison: Comparison, x: float) -> str:
    """A place of the x axis in words: epoch 12.5, step 400, 1:05."""
    if comparison.axis == "time":
        return f"{x:.1f} s" if x < 60 else duration(x)
    return f"{comparison.axis} {x:.4g}" if x < 10_000 else f"{comparison.axis} {x:.0f}"


def _empty(comparison: Comparison, curves: dict[Key, Curve]) -> str:
    if not comparison.is_loaded or len(curves) < len(comparison.picked):
        return "reading the stored runs…"
    if not comparison.arms:
        return "no run is stored yet: press escape, then space, to make some"
    if not comparison.picked:
        return "space picks the marked arm"
    return f"no picked run has a {comparison.metric.name}"
