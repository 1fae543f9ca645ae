"""The fence before the rasterizer: raw points in, safe dots out.

plotext ends the process (SIGABRT) on points that are not finite, and takes minutes and gigabytes over points far
outside its limits. Every curve passes here: points that are not finite become gaps, points outside the window are
cut off in x (but the line to the first one outside goes on up to the edge) and set on the edge in y, and more
points than the chart has columns of dots become the lowest and the highest one of each column, so that no spike is
lost. What comes out are whole numbers inside the canvas.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from regtui.ui.charts.model import Limits
from regtui.ui.charts.scale import LARGEST, Axis

Run = tuple[Sequence[float], Sequence[float]]
"""The x and the y of points without a gap: finite, x ascending, at least one point."""

Line = list[tuple[int, int]]
"""The same on the canvas: (dot column from the left, dot row from the bottom)."""

DOTS_WIDE, DOTS_HIGH = 2, 4
"""Braille dots of one cell."""


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the data that is shown, and the size at which it is shown."""

    x: Limits
    """Finite, the first below the second."""
    y: Axis
    columns: int
    """Cells."""
    rows: int
    """Cells."""

    @property
    def dot_columns(self) -> int:
        return self.columns * DOTS_WIDE

    def dot_x(self, x: float) -> int:
        """The dot column of a finite `x`; outside the limits it is the nearest one inside."""
        low, high = self.x
        return round((min(max(x, low), high) - low) / (high - low) * (self.dot_columns - 1))

    def dot_y(self, y: float) -> int:
        """The dot row of a finite `y`; outside the canvas it is the nearest one inside."""
        if self.y.log:
            y = math.log10(y)
        low, high = self.y.low, self.y.high
        a_row = (high - low) / max(self.rows - 1, 1)
        y = min(max(y, low - a_row), high + a_row)
        # The ends of the axis lie in the middle of the first and of the last cell.
        dot = round((y - low) / (high - low) * (self.rows - 1) * DOTS_HIGH + 1.6)
        return min(max(dot, 0), self.rows * DOTS_HIGH - 1)


def finite_runs(x: Sequence[float], y: Sequence[float], log_y: bool = False) -> list[Run]:
    """The stretches between the gaps; for a log axis, values that are not above 0 are gaps too."""
    count = min(len(x), len(y))
    if not count:
        return []
    if len(x) != len(y):
        x, y = x[:count], y[:count]
    # A sum is finite only if each of its terms is: one pass in C decides the usual case.
    if math.isfinite(sum(x)) and math.isfinite(sum(y)) and (not log_y or min(y) > 0):
        ascending = sorted(x)
        if ascending == list(x):
            return [(x, y)]
        order = sorted(range(count), key=x.__getitem__)
        return [(ascending, [y[i] for i in order])]
    points = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(a)]
    points.sort(key=lambda point: point[0])
    runs: list[Run] = []
    xs: list[float] = []
    ys: list[float] = []
    for a, b in points:
        if math.isfinite(b) and (not log_y or b > 0):
            if not xs:
                runs.append((xs, ys))
            xs.append(a)
            ys.append(b)
        elif xs:
            xs, ys = [], []
    return runs


def x_limits(runs: Sequence[Run]) -> Limits:
    """From where to where the points of some runs reach, in x."""
    return min(x[0] for x, _ in runs), max(x[-1] for x, _ in runs)


def y_limits(runs: Sequence[Run]) -> Limits:
    """From where to where the points of some runs reach, in y."""
    return min(min(y) for _, y in runs), max(max(y) for _, y in runs)


def to_lines(runs: Sequence[Run], window: Window) -> list[Line]:
    """What is seen of a curve in the window: unbroken lines of one dot or more."""
    lines = [_line(x, y, window) for x, y in runs]
    return [line for line in lines if line]


def _line(x: Sequence[float], y: Sequence[float], window: Window) -> Line:
    low, high = window.x
    first, last = bisect_left(x, low), bisect_right(x, high)
    line: Line = []
    if 0 < first < len(x):
        line.append(_at_edge(x, y, first, low, window))
    if last - first <= window.dot_columns:
        line += [(window.dot_x(x[i]), window.dot_y(y[i])) for i in range(first, last)]
    else:
        _append_extremes(line, x, y, first, last, window)
    if 0 < last < len(x):
        line.append(_at_edge(x, y, last, high, window))
    return [dot for i, dot in enumerate(line) if i == 0 or dot != line[i - 1]]


def _append_extremes(line: Line, x: Sequence[float], y: Sequence[float], first: int, last: int, window: Window) -> None:
    """The lowest and the highest point of each dot column, the one nearer to the column before it first."""
    low, high = window.x
    columns = window.dot_columns
    width = (high - low) / max(columns - 1, 1)
    start = first
    for column in range(columns):
        end = bisect_right(x, low + (column + 0.5) * width, start, last) if column < columns - 1 else last
        if end == start:
            continue
        values = y[start:end]
        start = end
        near, far = window.dot_y(min(values)), window.dot_y(max(values))
        if line and abs(line[-1][1] - far) < abs(line[-1][1] - near):
            near, far = far, near
        line += [(column, near), (column, far)]


def _at_edge(x: Sequence[float], y: Sequence[float], i: int, edge: float, window: Window) -> tuple[int, int]:
    """The dot at which the line from the point before `i` to the point `i` crosses an edge of the window."""
    before, after = max(x[i - 1], -LARGEST), min(x[i], LARGEST)
    share = (edge - before) / (after - before) if before < after else 0.0
    start, end = window.dot_y(y[i - 1]), window.dot_y(y[i])
    return window.dot_x(edge), round(start + min(max(share, 0.0), 1.0) * (end - start))
