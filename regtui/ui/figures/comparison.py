"""The chart of the comparison: an arm a curve, seeds as a band, the raw line dim behind a smoothed one."""

from __future__ import annotations

from regtui.compare.curves import Curve
from regtui.ui.charts import Area, Chart, Mark, Series
from regtui.ui.comparison import Comparison, Key
from regtui.ui.figures.figure import Figure
from regtui.ui.text import FAINT, MUTED, duration, line

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
    chart = Chart(
        series=series, areas=areas, marks=marks, x_label=LABELS[comparison.axis], log_y=comparison.log_y,
        y_unit="%" if comparison.metric.unit == "percent" else "", empty_text=_empty(comparison, curves),
    )  # fmt: skip
    smooth = f"  smoothed {comparison.smoothing:g}, · as measured" if is_smooth else ""
    title = line(
        (comparison.metric.name.capitalize(), "bold"), (f"  {comparison.metric.unit}", MUTED),
        ("  log" if comparison.log_y else "", MUTED), (smooth, FAINT),
    )  # fmt: skip
    subject = (comparison.metric.name, comparison.axis, comparison.log_y, tuple(comparison.picked))
    return Figure(title, chart, (comparison.changes, dark), subject)


def place(comparison: Comparison, x: float) -> str:
    """A place of the x axis in words: epoch 12.5, step 400, 1:05."""
    if comparison.axis == "time":
        return f"{x:.1f} s" if x < 60 else duration(x)
    return f"{comparison.axis} {x:.4g}" if x < 10_000 else f"{comparison.axis} {x:.0f}"


def _empty(comparison: Comparison, curves: dict[Key, Curve]) -> str:
    if not comparison.is_loaded or len(curves) < len(comparison.picked):
        return "reading the stored runs …"
    if not comparison.arms:
        return "no run is stored yet: press escape, then space, to make some"
    if not comparison.picked:
        return "space picks the marked arm"
    return f"no picked run has a {comparison.metric.name}"
