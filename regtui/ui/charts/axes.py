"""What surrounds the curves: numbers, the baseline, a faint line at each number, marks. No box."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from rich.cells import cell_len

from regtui.ui.charts.canvas import Canvas
from regtui.ui.charts.charset import plain
from regtui.ui.charts.fence import DOTS_WIDE, Window
from regtui.ui.charts.frame import Frame
from regtui.ui.charts.ink import Ink
from regtui.ui.charts.labels import cut
from regtui.ui.charts.model import Chart, Mark
from regtui.ui.charts.scale import Tick, column_ticks

_NUMBERED = re.compile(r"(\D*)(\d+)(\D*)")


def draw_grid(canvas: Canvas, frame: Frame) -> None:
    """A faint line at each number; the baseline stands for that of the lowest row."""
    line = "┈" * frame.window.columns
    if canvas.look.charset == "ascii":
        line = (". " * frame.window.columns)[: frame.window.columns]
    for tick in frame.ticks:
        if tick.cell > 0 or not frame.has_baseline:
            ink = Ink(canvas.look.palette.faint, faint=True)
            canvas.write(frame.left, frame.window.rows - 1 - tick.cell, line, ink, firm=False)


def draw_marks(canvas: Canvas, marks: Sequence[Mark], frame: Frame) -> None:
    """A vertical line from top to bottom for each mark in the window."""
    for mark in marks:
        if frame.window.x[0] <= mark.x <= frame.window.x[1]:
            column = frame.left + frame.window.dot_x(mark.x) // DOTS_WIDE
            for row in range(frame.window.rows):
                canvas.write(column, row, "╎", Ink(canvas.look.palette.muted, faint=True), firm=False)


def write_axes(canvas: Canvas, chart: Chart, frame: Frame) -> None:
    """All texts but the names of the curves."""
    ink = Ink(canvas.look.palette.muted)
    for tick in frame.ticks:
        canvas.write(frame.left - 1 - cell_len(tick.text), frame.window.rows - 1 - tick.cell, tick.text, ink)
    if frame.has_baseline:
        _write_x_axis(canvas, chart, frame, ink)
    _write_if_free(canvas, plain(chart.y_label, canvas.look.charset), frame, 0, ink)
    for mark in chart.marks:
        if frame.window.x[0] <= mark.x <= frame.window.x[1]:
            text = plain(mark.text, canvas.look.charset)
            column = frame.window.dot_x(mark.x) // DOTS_WIDE
            ink = Ink(canvas.look.palette.text)
            # Right of the line, or left of it where that is taken or the chart ends.
            if not _write_if_free(canvas, text, frame, column + 1, ink):
                _write_if_free(canvas, text, frame, column - cell_len(text), ink)


def _write_if_free(canvas: Canvas, text: str, frame: Frame, column: int, ink: Ink) -> bool:
    """Write into the first row if neither a curve nor a text is there; say whether it was written."""
    end = column + cell_len(text)
    if column < 0 or end > frame.window.columns or not text:
        return False
    if not all(canvas.is_free(frame.left + i, 0) for i in range(column, end)):
        return False
    canvas.write(frame.left + column, 0, text, ink)
    return True


def _write_x_axis(canvas: Canvas, chart: Chart, frame: Frame, ink: Ink) -> None:
    """The baseline with the numbers in it, and the label beyond the last number or in its place."""
    window, row = frame.window, frame.window.rows
    canvas.write(frame.left, row, "─" * window.columns, Ink(canvas.look.palette.faint, faint=True))
    ticks, label = _x_ticks(chart, window)
    label = plain(label, canvas.look.charset)
    end = window.columns
    if label and cell_len(label) + 2 <= frame.names:
        canvas.write(frame.left + end, row, f" {label}", ink)
    elif label and cell_len(label) + 8 <= end:
        end -= cell_len(label) + 1
        canvas.write(frame.left + end, row, f" {label}", ink)
    previous = -1
    for tick in ticks:
        text = cut(plain(tick.text, canvas.look.charset), window.columns)
        start = min(max(0, tick.cell - cell_len(text) // 2), window.columns - cell_len(text))
        after = start + cell_len(text)
        if start <= previous or after > end - (end < window.columns):
            continue
        previous = after
        canvas.write(frame.left + start, row, text, ink)
        for gap in (start - 1, after):
            if 0 <= gap < window.columns:
                canvas.write(frame.left + gap, row, " ", ink)


def _x_ticks(chart: Chart, window: Window) -> tuple[Sequence[Tick], str]:
    """The texts below the columns, and the label of the axis."""
    if chart.x_ticks is not None:
        ticks = [Tick(window.dot_x(x) // DOTS_WIDE, text) for x, text in chart.x_ticks if isfinite(x)]
        return ticks, chart.x_label
    if not chart.categories:
        return column_ticks(window.x, window.columns), chart.x_label
    names, label = chart.categories, chart.x_label
    apart = window.columns / len(names)
    if max(map(cell_len, names)) + 2 > apart:
        names = numbered(names)
    every = max(1, -int(-(max(map(cell_len, names[1:]), default=0) + 2) // apart))
    word = names[0].rstrip("0123456789")
    if names is not chart.categories and word != names[0] and not label and len(names) > every:
        # The first one alone has the word; where it would take the place of the second, the word is the label.
        first, second = (window.dot_x(i) // DOTS_WIDE for i in (0, every))
        if max(0, first - cell_len(names[0]) // 2) + cell_len(names[0]) >= second - cell_len(names[every]) // 2:
            names, label = [names[0].removeprefix(word), *names[1:]], word
    return [Tick(window.dot_x(i) // DOTS_WIDE, names[i]) for i in range(0, len(names), every)], label


def numbered(names: Sequence[str]) -> Sequence[str]:
    """Names that differ in a number only, with that alone after the first one: conv1, 2, 3; others as they are."""
    parts = [_NUMBERED.fullmatch(name) for name in names]
    found = [part.group(2) for part in parts if part is not None]
    rest = {(part.group(1), part.group(3)) for part in parts if part is not None}
    if len(found) < len(names) or len(rest) > 1:
        return names
    return [names[0], *found[1:]]
