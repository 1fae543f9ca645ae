"""Chart in, strips out: what is laid on the canvas, from the lowest to the topmost."""

from __future__ import annotations

from textwrap import wrap

from rich.cells import cell_len
from textual.strip import Strip

from regtui.ui.charts.axes import draw_grid, draw_marks, write_axes
from regtui.ui.charts.canvas import Canvas
from regtui.ui.charts.charset import plain
from regtui.ui.charts.curves import draw_curves
from regtui.ui.charts.fence import finite_runs
from regtui.ui.charts.frame import lay_out
from regtui.ui.charts.ink import Ink
from regtui.ui.charts.labels import cut
from regtui.ui.charts.model import Charset, Chart, Look
from regtui.ui.charts.shading import shade

FEW_ROWS = 14
"""Rows of a chart below which spare curves are left out."""


def draw(chart: Chart, width: int, height: int, look: Look | None = None) -> list[Strip]:
    """Draw a chart into exactly `height` strips of `width` cells."""
    look = look or Look()
    canvas = Canvas(max(width, 0), max(height, 0), look)
    if width < 1 or height < 1:
        return canvas.strips()
    curves = [finite_runs(series.x, series.y, chart.log_y) for series in chart.series]
    edges = [
        (finite_runs(area.x, area.low, chart.log_y), finite_runs(area.x, area.high, chart.log_y))
        for area in chart.areas
    ]
    runs = [run for some in (*curves, *(edge for pair in edges for edge in pair)) for run in some]
    if not runs:
        _write_empty(canvas, chart.empty_text)
        return canvas.strips()
    frame = lay_out(chart, width, height, runs, look.charset)
    is_low = frame.window.rows < FEW_ROWS
    shown = [pair for pair in zip(chart.series, curves, strict=True) if not (is_low and pair[0].spare)]
    for area, pair in zip(chart.areas, edges, strict=True):
        shade(canvas, area.color, pair, frame, quiet=area.quiet)
    draw_grid(canvas, frame)
    draw_marks(canvas, chart.marks, frame)
    draw_curves(canvas, [series for series, _ in shown], [curve for _, curve in shown], frame)
    write_axes(canvas, chart, frame)
    return canvas.strips()


def category_at(chart: Chart, width: int, height: int, column: int, charset: Charset) -> int | None:
    """The category whose place is nearest to a column of a chart that is drawn into these cells; None beside them."""
    runs = [run for series in chart.series for run in finite_runs(series.x, series.y, chart.log_y)]
    if not chart.categories or not runs or width < 1 or height < 1:
        return None
    frame = lay_out(chart, width, height, runs, charset)
    low, high = frame.window.x
    inside = column - frame.left
    if not 0 <= inside < frame.window.columns:
        return None
    at = low + (high - low) * (inside + 0.5) / frame.window.columns
    return min(max(round(at), 0), len(chart.categories) - 1)


def _write_empty(canvas: Canvas, text: str) -> None:
    """The text in the middle; lines that are too long go on in the next row."""
    room = max(canvas.columns - 2, 1)
    lines = [row for line in text.splitlines() for row in wrap(plain(line, canvas.look.charset), room) or [""]]
    lines = lines[: canvas.rows]
    top = (canvas.rows - len(lines)) // 2
    for row, line in enumerate(lines, top):
        line = cut(line, canvas.columns)
        canvas.write((canvas.columns - cell_len(line)) // 2, row, line, Ink(canvas.look.palette.muted))
