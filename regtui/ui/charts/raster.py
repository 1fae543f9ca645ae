"""Lines of dots to braille patterns: the only file that knows plotext.

One figure holds all curves of a chart, each on a canvas of its own above the one before: a figure costs more than
its points, and curves that were drawn apart can be coloured, dashed and laid over each other cell by cell.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from regtui.ui.charts.fence import DOTS_HIGH, DOTS_WIDE, Line

Layer = list[bytes]
"""The rows of one curve from top to bottom; a byte is the pattern of a cell: its code point above U+2800."""

_one_at_a_time = threading.Lock()
"""plotext has one figure a process; two threads in it draw each other's curves."""


def rasterize(curves: Sequence[Sequence[Line]], columns: int, rows: int) -> list[Layer]:
    """Draw each curve, given as unbroken lines, on a canvas of `columns` times `rows` cells."""
    if not curves or columns < 1 or rows < 1:
        return [[bytes(max(columns, 0))] * max(rows, 0) for _ in curves]
    with _one_at_a_time:
        text = _build(curves, columns, rows)
    patterns = [row.replace(" ", "\u2800").encode("utf-16-le")[::2] for row in text.split("\n")]
    return [patterns[i * rows : (i + 1) * rows] for i in range(len(curves))][::-1]


def _build(curves: Sequence[Sequence[Line]], columns: int, rows: int) -> str:
    wide, high = columns * DOTS_WIDE, rows * DOTS_HIGH
    figure = _plotext().figure
    figure.clear()
    figure.plot_size(columns, rows * len(curves))
    figure.axes(False)
    for axis, end in (("x", wide), ("y", high * len(curves))):
        ruler = figure.ruler(axis)
        ruler.frequency(0)
        ruler.lim(0, end)
        ruler.alignment(lim="edge")
    for number, lines in enumerate(curves):
        # The middles of the dots; clamped once more, since a point outside would end the process.
        xs = [min(max(0, x), wide - 1) + 0.5 for line in lines for x, _ in line]
        ys = [min(max(0, y), high - 1) + 0.5 + number * high for line in lines for _, y in line]
        if not xs:
            continue
        signal = figure.signal(xs, ys, marker="braille").lines()
        start = 0
        for line in lines:
            signal.line(start, False)
            start += len(line)
        figure.draw(signal)
    return str(figure.build().string(True))


@cache
def _plotext() -> Any:
    """The library, imported at the first chart: it takes as long as all of Textual."""
    import plotext

    plotext.terminal.limit(False, False)  # the size of a chart has nothing to do with that of the terminal
    return plotext
