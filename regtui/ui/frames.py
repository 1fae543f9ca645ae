"""What is written to a terminal, read as cells: a frame in, the shortest frame that shows the same out.

Textual sends every part of the screen that it painted again, each style spelled out in full and taken back after each
word. Of that the terminal needs the cells that differ from those it shows, and of their styles what changes from one
to the next: a fifth of the bytes while four charts grow, and none at all where nothing looks different.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size

RESET = "\x1b[0m"

_TOKEN = re.compile(r"\x1b\[([0-9;]*)([Hm])|([^\x00-\x1f\x7f\x9b]+)|(\r?\n)")
_SHOWS_ON_BLANKS = frozenset({4, 7, 9, 21, 53})
"""Underlined, reversed, struck out, doubly underlined, overlined: what makes a blank look like something."""
_OFF = {22: {1, 2}, 23: {3}, 24: {4, 21}, 25: {5, 6}, 27: {7}, 28: {8}, 29: {9}, 55: {53}}
"""By the code that takes them back: attributes (ECMA-48, 8.3.117)."""


class Style(NamedTuple):
    """How a cell looks, in the codes of SGR."""

    front: str = ""
    ground: str = ""
    more: frozenset[int] = frozenset()
    """Bold, dim and the like."""


class Cell(NamedTuple):
    text: str
    style: Style


PLAIN = Style()


class Run(NamedTuple):
    """Cells side by side in one style."""

    x: int
    y: int
    text: str
    style: Style


class Frame(NamedTuple):
    """Everything that one write shows."""

    runs: list[Run]
    cursor: tuple[int, int]
    """Where it is left: column and row, from 0."""


def read(data: str) -> Frame | None:
    """The frame, or None where `data` holds anything besides text, styles and places."""
    x, y, style, end = 0, 0, PLAIN, 0
    runs: list[Run] = []
    for token in _TOKEN.finditer(data):
        if token.start() != end:
            return None
        end = token.end()
        codes, what, text, newline = token.groups()
        if what == "m":
            style = styled(style, codes)
        elif what == "H":
            row, _, column = codes.partition(";")
            x, y = int(column or 1) - 1, int(row or 1) - 1
        elif newline:
            x, y = 0, y + 1
        else:
            if not _is_single(text):
                return None
            runs.append(Run(x, y, text, style))
            x += len(text)
    return Frame(runs, (x, y)) if end == len(data) else None


@lru_cache(maxsize=8192)
def styled(style: Style, codes: str) -> Style:
    """The style after SGR with these codes."""
    front, ground, more = style
    rest = iter([int(code or 0) for code in codes.split(";")])
    for code in rest:
        if code == 0:
            front, ground, more = PLAIN
        elif code in (38, 48):
            kind = next(rest, 5)
            parts = [next(rest, 0) for _ in range(3 if kind == 2 else 1)]
            color = ";".join(map(str, (code, kind, *parts)))
            front, ground = (color, ground) if code == 38 else (front, color)
        elif 30 <= code <= 39 or 90 <= code <= 97:
            front = "" if code == 39 else str(code)
        elif 40 <= code <= 49 or 100 <= code <= 107:
            ground = "" if code == 49 else str(code)
        elif code in _OFF:
            more = more - _OFF[code]
        else:
            more = more | {code}
    return Style(front, ground, more)


@lru_cache(maxsize=1024)
def _on_blank(style: Style) -> Style:
    """What of a style can be seen where nothing is written."""
    return style if style.more & _SHOWS_ON_BLANKS else Style(ground=style.ground)


@dataclass(slots=True)
class _Pen:
    """The style that the terminal writes in."""

    style: Style = PLAIN

    def take(self, style: Style) -> str:
        """What has to be sent for the next cell to look so."""
        before, self.style = self.style, style
        if style == before:
            return ""
        codes = []
        if before.more - style.more or (before.front and not style.front) or (before.ground and not style.ground):
            codes, before = ["0"], PLAIN
        codes += map(str, sorted(style.more - before.more))
        codes += [color for color, old in ((style.front, before.front), (style.ground, before.ground)) if color != old]
        return f"\x1b[{';'.join(codes)}m"


class Shown:
    """What a terminal of a fixed size shows, as far as it is known: at first nothing is."""

    def __init__(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)
        self._forget()

    def _forget(self) -> None:
        columns, rows = self.size
        self._rows: list[list[Cell | None]] = [[None] * columns for _ in range(rows)]
        self._cursor: tuple[int, int] | None = None

    def take(self, frame: Frame) -> str:
        """Show a frame; what has to be sent for it, "" where the terminal shows all of it already.

        A frame of the whole screen is sent as a whole: it is how a screen heals that somebody else has written on.
        """
        columns, rows = self.size
        if sum(len(run.text) for run in frame.runs) >= columns * rows:
            self._forget()
        changed = self._put(frame)
        parts: list[str] = []
        pen, at = _Pen(), self._cursor
        for y, x in sorted(changed):
            cell = self._rows[y][x]
            assert cell is not None
            parts.append(self._way(at, (x, y), pen))
            parts += [pen.take(cell.style) if not _fits(cell, pen.style) else "", cell.text]
            at = (x + 1, y)
        parts.append(RESET if pen.style != PLAIN else "")
        if at != frame.cursor:
            parts.append(f"\x1b[{frame.cursor[1] + 1};{frame.cursor[0] + 1}H")
        # At the right edge terminals differ in where the cursor stands after a cell was written.
        self._cursor = frame.cursor if frame.cursor[0] < columns else None
        return "".join(parts)

    def _put(self, frame: Frame) -> list[tuple[int, int]]:
        """Take over the cells of a frame; the (row, column) of those that look different now."""
        columns, rows = self.size
        changed: dict[tuple[int, int], Cell | None] = {}
        for x, y, text, style in frame.runs:
            if not 0 <= y < rows:
                continue
            row, blank = self._rows[y], Cell(" ", _on_blank(style))
            for at, char in enumerate(text[: max(columns - x, 0)], x):
                cell = blank if char == " " else Cell(char, style)
                if row[at] != cell:
                    changed.setdefault((y, at), row[at])
                    row[at] = cell
        # One that was painted over and back again within the frame looks as before.
        return [place for place, before in changed.items() if self._rows[place[0]][place[1]] != before]

    def _way(self, start: tuple[int, int] | None, to: tuple[int, int], pen: _Pen) -> str:
        """How the cursor comes from one cell to another: over what stands between them where that is short."""
        if start == to:
            return ""
        x, y = to
        if start is None or start[1] != y or start[0] > x:
            return f"\x1b[{y + 1};{x + 1}H"
        jump = f"\x1b[{x - start[0]}C"
        between = self._rows[y][start[0] : x]
        if x - start[0] <= len(jump) and all(cell is not None and _fits(cell, pen.style) for cell in between):
            over = "".join(cell.text for cell in between if cell is not None)
            if len(over.encode()) <= len(jump):
                return over
        return jump


def _fits(cell: Cell, style: Style) -> bool:
    """Whether a pen of that style writes the cell as it should look: the colour of a blank's text is never seen."""
    return cell.style == (_on_blank(style) if cell.text == " " else style)


_single: set[str] = set()
"""Characters that are known to take one cell."""


def _is_single(text: str) -> bool:
    """Whether each character takes one cell."""
    if text.isascii():
        return True
    for char in set(text) - _single:
        if get_character_cell_size(char) != 1:
            return False
        _single.add(char)
    return True
