"""Where the parts of a chart go: numbers left, curves in the middle, their names right, the x axis below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from regtui.ui.charts.charset import plain
from regtui.ui.charts.fence import Run, Window, x_limits, y_limits
from regtui.ui.charts.model import Charset, Chart, Limits
from regtui.ui.charts.scale import Tick, row_axis, wide_enough

_LEAST_NUMBER = 3
"""Cells for the numbers of the y axis, so that charts above each other start at the same column."""
_LONGEST_NAME = 16
_SHORTEST_NAME = 8
"""Cells; names that would have to be cut to less are put among the curves instead."""
_NAMES_SHARE = 0.3
"""How much of the width the names may take from the curves."""
_WIDE, _NAMES_SHARE_WHOLE = 36, 0.36
"""Columns from which on they may take a little more where they then need not be cut."""
_NARROWEST = 12
"""Columns that the curves need before there are axes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Places in cells from the upper left corner of the chart."""

    window: Window
    """The part that the curves lie in; it starts in the first row."""
    left: int
    """First column of the window; the numbers of the y axis end one column before it."""
    names: int
    """Columns right of the window that are set aside for the names of the curves."""
    ticks: tuple[Tick, ...]
    """Of the y axis, the topmost one with the unit."""
    has_baseline: bool
    """Whether there is a row for the x axis below the window."""


def lay_out(chart: Chart, width: int, height: int, runs: Sequence[Run], charset: Charset) -> Frame:
    """Share out the cells. Nothing here depends on single points, so that a chart stands still as they come in."""
    has_baseline = height >= 4 and width >= _NARROWEST
    rows = height - has_baseline
    axis = row_axis(chart.y_limits or y_limits(runs), rows, chart.log_y)
    ticks = list(axis.ticks)
    if ticks:
        ticks[-1] = Tick(ticks[-1].cell, ticks[-1].text + plain(chart.y_unit, charset))
    left = max([_LEAST_NUMBER, *(cell_len(tick.text) for tick in ticks)]) + 1
    if width - left < _NARROWEST:
        left, ticks = 0, []
    names = _names_width(chart, width - left, charset)
    window = Window(_x_limits(chart, runs), axis, width - left - names, rows)
    return Frame(window, left, names, tuple(ticks), has_baseline)


def _x_limits(chart: Chart, runs: Sequence[Run]) -> Limits:
    if chart.categories:
        return -0.4, max(len(chart.categories) - 0.6, 0.4)  # room for the names of the first and the last one
    return wide_enough(chart.x_limits or x_limits(runs))


def _names_width(chart: Chart, width: int, charset: Charset) -> int:
    named = [series for series in chart.series if series.label_end]
    whole = max((cell_len(plain(series.name, charset)) for series in named), default=0)
    longest = min(whole, _LONGEST_NAME)
    most = int(width * _NAMES_SHARE) - 2
    if most < whole <= int(width * _NAMES_SHARE_WHOLE) - 2 and width >= _WIDE:
        return whole + 3
    if min(longest, most) < min(longest, _SHORTEST_NAME) or not longest:
        return 0
    beside = len(named) > 1 and longest < most  # names that are moved away from their curves have a sign before them
    return min(longest, most) + 2 + beside
