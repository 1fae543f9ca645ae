"""Areas: a tint of the background where the terminal has the colours for it, sparse dots elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.ui.charts.canvas import TINT_SHARE, Canvas
from regtui.ui.charts.fence import DOTS_HIGH, DOTS_WIDE, Line, Run, to_lines
from regtui.ui.charts.frame import Frame
from regtui.ui.charts.ink import curve_ink

_Band = tuple[float, float]

_SMOOTH = 2
"""Columns at each side over which an edge is smoothed where a curve runs along it: its noise is no shape."""
_STEEP = 0.4
"""Cells of difference from which on it is one."""
_LEAST_BEHIND = 0.2
"""The part of a cell from which on it is tinted behind a curve."""


def shade(
    canvas: Canvas, color: str, edges: tuple[Sequence[Run], Sequence[Run]], frame: Frame, *, quiet: bool = False
) -> None:
    """Shade what lies between two edges, where both are known; `quiet`: half as much."""
    window = frame.window
    heights = [_heights(to_lines(edge, window), window.dot_columns) for edge in edges]
    bands = [_band(heights, column) for column in range(window.columns)]
    for column, band in enumerate(bands):
        if band is None:
            continue
        if canvas.look.colors in ("true", "256"):
            near = [other for other in bands[max(0, column - _SMOOTH) : column + _SMOOTH + 1] if other is not None]
            smooth = (_smoothed(band, near, 0), _smoothed(band, near, 1))
            _tint(canvas, color, frame, column, band, smooth, TINT_SHARE / (1 + quiet))
        elif not quiet or column % 4 < 2:
            _dot(canvas, color, frame, column, *band)


def _band(heights: Sequence[Sequence[float | None]], column: int) -> _Band | None:
    """From where to where the area reaches in a column, in cells from the bottom; None where an edge is missing."""
    ends = []
    for edge in heights:
        known = [height for height in edge[column * DOTS_WIDE : (column + 1) * DOTS_WIDE] if height is not None]
        if not known:
            return None
        ends.append((_mean(known) + 0.5) / DOTS_HIGH)
    return min(ends), max(ends)


def _smoothed(band: _Band, near: Sequence[_Band], end: int) -> float:
    """One end of a band without its noise, but where it is steep as it is."""
    mean = _mean([other[end] for other in near])
    return mean if abs(mean - band[end]) < _STEEP else band[end]


def _tint(
    canvas: Canvas, color: str, frame: Frame, column: int, band: _Band, smooth: _Band, share: float
) -> None:  # fmt: skip
    """Tint the cells of the band; behind a curve, which fills its cell anyway, those of them in the smoothed one.

    Never a cell beyond the band: another curve that runs there would look like a part of the area.
    """
    rows = frame.window.rows
    for cell in range(int(band[0]), min(rows - 1, int(band[1])) + 1):
        bottom, top = max(0.0, band[0] - cell), min(1.0, band[1] - cell)
        behind = min(1.0, smooth[1] - cell) - max(0.0, smooth[0] - cell) > _LEAST_BEHIND
        canvas.tint(frame.left + column, rows - 1 - cell, color, bottom, top, behind, share)


def _dot(canvas: Canvas, color: str, frame: Frame, column: int, bottom: float, top: float) -> None:
    """One dot a cell, each column a little higher or lower than the one before."""
    ink = curve_ink(color, True, canvas.look)
    height, dot = ((0.125, 0x40), (0.625, 0x02))[column % 2]
    for cell in range(frame.window.rows):
        if bottom <= cell + height <= top:
            row = frame.window.rows - 1 - cell
            if canvas.look.charset == "braille":
                canvas.add_dots(frame.left + column, row, dot, ink, firm=False)
            elif (column + cell) % 2:
                canvas.write(frame.left + column, row, ":", ink, firm=False)


def _heights(lines: Sequence[Line], dot_columns: int) -> list[float | None]:
    """The height of the lines in each dot column, in dots; None where there is no line."""
    heights: list[float | None] = [None] * dot_columns
    for line in lines:
        for (x0, y0), (x1, y1) in zip(line, line[1:] or line, strict=False):
            if x0 == x1:
                heights[x0] = (y0 + y1) / 2
            else:
                for x in range(x0, x1 + 1):
                    heights[x] = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return heights


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
