"""A grid of cells that shading, lines, curves and texts are laid on, and its way into strips of a terminal."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from regtui.ui.charts.charset import character
from regtui.ui.charts.ink import Ink, blend, style
from regtui.ui.charts.model import Look

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LEAST_COVERED = 0.19
"""The part of a cell from which on an area shows in it; less looks like a line of its own."""

TINT_SHARE = 0.16
"""How much of its colour an area has over the background."""


class Canvas:
    """A mutable grid; (0, 0) is the upper left cell.

    A cell has a front (the dots of a braille cell, or a character) in an ink, before a tint. A front is firm (a
    curve, a text) or soft (a faint line, a dim curve): what is laid on a soft one takes its place, dots that are
    laid on firm dots join them.
    """

    def __init__(self, columns: int, rows: int, look: Look) -> None:
        self.columns, self.rows, self.look = columns, rows, look
        self._front: list[list[str | int]] = [[0] * columns for _ in range(rows)]
        self._ink: list[list[Ink | None]] = [[None] * columns for _ in range(rows)]
        self._firm = [[False] * columns for _ in range(rows)]
        self._tint: list[list[str | None]] = [[None] * columns for _ in range(rows)]
        self._edge: list[dict[int, tuple[str, float, float, bool]]] = [{} for _ in range(rows)]

    def is_free(self, column: int, row: int) -> bool:
        """Whether a text may stand here: nothing firm does."""
        return not self._firm[row][column]

    def tint(
        self, column: int, row: int, color: str, bottom: float = 0.0, top: float = 1.0, behind: bool = True,
        share: float = TINT_SHARE,
    ) -> None:  # fmt: skip
        """Mix a colour into the background of a cell between two heights in it.

        Where a curve or a text stands, the background is tinted as a whole or not, as `behind` says.
        """
        tint = blend(self._tint[row][column] or self.look.palette.background, color, share)
        if bottom <= 0 and top >= 1 and behind:
            self._tint[row][column] = tint
            self._edge[row].pop(column, None)  # of an area beneath: it would be a hole in this one
        else:
            self._edge[row][column] = (tint, bottom, top, behind)

    def add_dots(self, column: int, row: int, pattern: int, ink: Ink, firm: bool = True) -> None:
        """Lay the dots of a curve on a cell."""
        front = self._front[row][column]
        if self._firm[row][column] == firm and isinstance(front, int):
            pattern |= front
        self._put(column, row, pattern, ink, firm)

    def write(self, column: int, row: int, text: str, ink: Ink, firm: bool = True) -> None:
        """Write over what is there, as far as the canvas goes; a cell too narrow for a wide character stays."""
        for letter in text:
            width = cell_len(letter)
            if not width:
                continue
            if column < 0 or column + width > self.columns:
                return
            self._put(column, row, letter, ink, firm)
            if width == 2:
                self._put(column + 1, row, "", ink, firm)
            column += width

    def _put(self, column: int, row: int, front: str | int, ink: Ink, firm: bool) -> None:
        self._front[row][column] = front
        self._ink[row][column] = ink
        self._firm[row][column] = firm

    def strips(self) -> list[Strip]:
        return [self._strip(row) for row in range(self.rows)]

    def _strip(self, row: int) -> Strip:
        segments: list[Segment] = []
        run = ""
        run_ink: Ink | None = None
        run_tint: str | None = None
        charset, colors = self.look.charset, self.look.colors
        for column in range(self.columns):
            front, ink, tint = self._front[row][column], self._ink[row][column], self._tint[row][column]
            if column in self._edge[row]:
                front, ink, tint = self._at_edge(column, row)
            shown = character(front, charset)
            # A blank has no ink of its own: it joins the run before it, which saves a change of colour.
            if run and (tint != run_tint or (ink != run_ink and shown != " ")):
                segments.append(Segment(run, style(run_ink, run_tint, colors)))
                run = ""
            if not run:
                run_ink, run_tint = ink, tint
            run += shown
        if run:
            segments.append(Segment(run, style(run_ink, run_tint, colors)))
        return Strip(segments, self.columns)

    def _at_edge(self, column: int, row: int) -> tuple[str | int, Ink | None, str | None]:
        """A cell that an area fills in part: blocks of an eighth or a half, but none where something stands."""
        front, ink, tint = self._front[row][column], self._ink[row][column], self._tint[row][column]
        color, bottom, top, behind = self._edge[row][column]
        if self._is_covered(column, row):
            return front, ink, color if behind else tint
        if top - bottom <= _LEAST_COVERED:
            return front, ink, tint
        if (bottom > 0 and top < 1) or (bottom <= 0 and top >= 1) or self.look.charset == "ascii":
            return front, ink, color
        if bottom <= 0:
            return _EIGHTHS[round(top * 8)], Ink(color), tint
        # Of the blocks that hang from the top there is only a half.
        return ("▀", Ink(color), tint) if bottom > 0.3 else (front, ink, color)

    def _is_covered(self, column: int, row: int) -> bool:
        """Whether something stands here that an area must not cover: all but the faint lines of the grid."""
        front = self._front[row][column]
        return self._firm[row][column] or (isinstance(front, int) and front > 0)
