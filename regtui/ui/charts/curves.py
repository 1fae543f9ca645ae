"""Curves on the canvas: strokes, signs on the lines, names at the ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from regtui.ui.charts.canvas import Canvas
from regtui.ui.charts.charset import LEFT_DOTS, RIGHT_DOTS, plain
from regtui.ui.charts.fence import DOTS_HIGH, DOTS_WIDE, Line, Run, to_lines
from regtui.ui.charts.frame import Frame
from regtui.ui.charts.ink import Ink, curve_ink
from regtui.ui.charts.labels import Wanted, place
from regtui.ui.charts.model import GLYPHS, RING, Series
from regtui.ui.charts.raster import Layer, rasterize

_KEPT = {"dashed": (True, True, True, True, True, False, False, False), "dotted": (True, False)}
"""Which dot columns a stroke keeps, repeated along x."""

_SIGNS_APART = 12
"""Columns between two signs on a line, at least."""
_POINTS_APART = 3.5
"""Columns between two points from which on each point gets a sign."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A series and what is seen of it."""

    series: Series
    lines: Sequence[Line]
    layer: Layer

    @property
    def sign(self) -> str:
        return self.series.stroke if self.series.stroke in (*GLYPHS, RING) else ""

    @property
    def end(self) -> tuple[int, int]:
        """The last dot."""
        return self.lines[-1][-1]

    @property
    def last(self) -> float:
        """The last value that is drawn."""
        return next(y for y in reversed(self.series.y) if isfinite(y))


def draw_curves(canvas: Canvas, series: Sequence[Series], runs: Sequence[Sequence[Run]], frame: Frame) -> None:
    """Draw the curves and their names, the dim ones first, so that the others lie on top of them."""
    window = frame.window
    lines = [to_lines(run, window) for run in runs]
    layers = rasterize(lines, window.columns, window.rows)
    curves = [Curve(*parts) for parts in zip(series, lines, layers, strict=True) if parts[1]]
    curves.sort(key=lambda curve: not curve.series.dim)
    for curve in curves:
        _draw_line(canvas, curve, frame)
    signed = [curve for curve in curves if curve.sign]
    turns = sorted(signed, key=lambda curve: (*GLYPHS, RING).index(curve.series.stroke))
    for curve in signed:
        # By the sign, not by what lies on what: signs that jumped when another curve is laid on top would lead astray.
        _put_signs(canvas, curve, frame, turns.index(curve) / len(signed), max(_SIGNS_APART, 3 * len(signed)))
    for curve in curves:
        if curve.sign or sum(map(len, curve.lines)) == 1:
            _put(canvas, curve, frame, curve.end, curve.sign or "•")
    _write_names(canvas, curves, frame)


def _draw_line(canvas: Canvas, curve: Curve, frame: Frame) -> None:
    ink = curve_ink(curve.series.color, curve.series.dim, canvas.look)
    kept = _KEPT.get(curve.series.stroke, (True,))
    masks = [
        (LEFT_DOTS if kept[2 * column % len(kept)] else 0) | (RIGHT_DOTS if kept[(2 * column + 1) % len(kept)] else 0)
        for column in range(len(kept))
    ]
    for row, patterns in enumerate(curve.layer):
        if patterns.count(0) == len(patterns):
            continue
        for column, pattern in enumerate(patterns):
            pattern &= masks[column % len(masks)]
            if pattern:
                canvas.add_dots(frame.left + column, row, pattern, ink, firm=not curve.series.dim)


def _put_signs(canvas: Canvas, curve: Curve, frame: Frame, phase: float, apart: int) -> None:
    """Signs on the points if they are far apart, else at equal distances, each curve at places of its own."""
    columns, rows = frame.window.columns, frame.window.rows
    points = [dot for line in curve.lines for dot in line]
    if len(points) > 1 and (points[-1][0] - points[0][0]) / (len(points) - 1) >= _POINTS_APART * DOTS_WIDE:
        for dot in points:
            _put(canvas, curve, frame, dot, curve.sign)
        return
    apart = max(apart, columns // 4)
    last = curve.end[0] // DOTS_WIDE - 4  # the end gets a sign of its own
    for column in range(2 + int(phase * apart), last + 1, apart):
        cells = [row for row in range(rows) if curve.layer[row][column]]
        if cells and len(cells) <= 3:  # on a steep line a sign could be anywhere
            ink = curve_ink(curve.series.color, curve.series.dim, canvas.look)
            canvas.write(frame.left + column, cells[len(cells) // 2], curve.sign, ink)


def _cell(dot: tuple[int, int]) -> tuple[int, int]:
    return dot[0] // DOTS_WIDE, dot[1] // DOTS_HIGH


def _put(canvas: Canvas, curve: Curve, frame: Frame, dot: tuple[int, int], sign: str) -> None:
    ink = curve_ink(curve.series.color, curve.series.dim, canvas.look)
    canvas.write(frame.left + dot[0] // DOTS_WIDE, frame.window.rows - 1 - dot[1] // DOTS_HIGH, sign, ink)


def _write_names(canvas: Canvas, curves: Sequence[Curve], frame: Frame) -> None:
    wanted = []
    for i, curve in enumerate(curves):
        name = plain(curve.series.name, canvas.look.charset)
        if name and curve.series.label_end:
            x, y = curve.end
            height = frame.window.rows - (y + 0.5) / DOTS_HIGH
            covered = any(other.sign and _cell(other.end) == _cell(curve.end) for other in curves[i + 1 :])
            weight = 0.1 if curve.series.dim else 1.0
            wanted.append(Wanted(i, name, curve.sign, x // DOTS_WIDE, height, covered, weight))
    wanted.sort(key=lambda name: curves[name.index].last, reverse=True)  # tells apart what ends on the same dot
    columns, rows = frame.window.columns + frame.names, frame.window.rows
    for placed in place(wanted, columns, rows, lambda column, row: canvas.is_free(frame.left + column, row)):
        ink = Ink(curves[placed.index].series.color)  # a text, which is to be read whether its curve is dim or not
        canvas.write(frame.left + placed.column, placed.row, placed.text, ink)
