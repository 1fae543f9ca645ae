"""Axes that stand still while points come in: they start at round numbers and only ever grow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from regtui.ui.charts.fence import finite_runs, x_limits, y_limits
from regtui.ui.charts.model import Chart, Limits
from regtui.ui.charts.scale import grown_limits


@dataclass(frozen=True, slots=True)
class Extent:
    """What a chart showed last; None where there was too little to remember."""

    x: Limits | None = None
    y: Limits | None = None


def with_steady_axes(chart: Chart, before: Extent) -> tuple[Chart, Extent]:
    """The chart with limits where it leaves them open, and the extent to pass the next time."""
    needs_x = chart.x_limits is None and not chart.categories
    if not needs_x and chart.y_limits is not None:
        return chart, before
    runs = [run for series in chart.series for run in finite_runs(series.x, series.y, chart.log_y)]
    for area in chart.areas:
        runs += [run for y in (area.low, area.high) for run in finite_runs(area.x, y, chart.log_y)]
    if not runs:
        return chart, before
    after = before
    if needs_x:
        data = x_limits(runs)
        limits = grown_limits(before.x, data)
        chart, after = replace(chart, x_limits=limits), replace(after, x=_to_keep(data, limits, before.x))
    if chart.y_limits is None:
        data = y_limits(runs)
        limits = grown_limits(before.y, data, chart.log_y)
        chart, after = replace(chart, y_limits=limits), replace(after, y=_to_keep(data, limits, before.y))
    return chart, after


def _to_keep(data: Limits, limits: Limits, before: Limits | None) -> Limits | None:
    """A single value says nothing about the range to come."""
    return limits if before is not None or data[0] < data[1] else None
