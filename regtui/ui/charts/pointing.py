"""From a cell of a drawn chart back to its x axis: where a mouse points."""

from __future__ import annotations

from regtui.ui.charts.fence import finite_runs
from regtui.ui.charts.frame import lay_out
from regtui.ui.charts.model import Chart, Look


def x_at(chart: Chart, width: int, height: int, column: int, look: Look | None = None) -> float | None:
    """The x in the middle of a column of `draw(chart, width, height, look)`; None beside the curves, or without any."""
    runs = [run for series in chart.series for run in finite_runs(series.x, series.y, chart.log_y)]
    for area in chart.areas:
        runs += [run for y in (area.low, area.high) for run in finite_runs(area.x, y, chart.log_y)]
    if not runs or width < 1 or height < 1:
        return None
    frame = lay_out(chart, width, height, runs, (look or Look()).charset)
    at = column - frame.left
    if not 0 <= at < frame.window.columns:
        return None
    low, high = frame.window.x
    return low + (high - low) * at / max(frame.window.columns - 1, 1)
