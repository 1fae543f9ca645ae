"""Lines of styled text as plain values: what panes say, computed and tested without a screen.

A line is a tuple of (text, style) fragments; a style is what Textual writes in markup: "bold $primary", "#56b4e9", "".
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from rich.cells import cell_len, chop_cells, set_cell_size

Fragment = tuple[str, str]
Line = tuple[Fragment, ...]

MUTED = "$text-muted"
FAINT = "$faint"
RULE = "$rule"
STRONG = "bold $foreground"
GOOD = "$success"
BAD = "$error"
OPEN = "$warning"
EMPTY: Line = ()
_GLUE = "\u00a0"
"""A space at which no row ends."""
_INTERVAL = re.compile(r"\[-?[\d.]+, -?[\d.]+\]")
"""[1.4, 10.3]"""
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
"""Hangul, the signs of China and Japan, and their forms of Latin letters: scripts that need no spaces."""
_IS_WIDE = re.compile(f"[{_WIDE}]")
_PIECE = re.compile(rf"[{_WIDE}][、。，．：；！？）」』】]* *|[^ {_WIDE}]+ *| +")
"""What must not be broken: a word, or such a sign with what closes it, and the spaces after it."""


def line(*parts: str | Fragment) -> Line:
    """A line of fragments; a bare text has no style, an empty one is left out."""
    fragments = ((part, "") if isinstance(part, str) else part for part in parts)
    return tuple(fragment for fragment in fragments if fragment[0])


def plain(line: Line) -> str:
    """The text alone."""
    return "".join(text for text, _ in line)


def width(line: Line) -> int:
    """Cells."""
    return sum(cell_len(text) for text, _ in line)


def cut(text: str, room: int) -> str:
    """The text in at most `room` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 0 else ""


def left(text: str, room: int) -> str:
    """The text in exactly `room` cells, from the left."""
    return set_cell_size(cut(text, room), max(room, 0))


def right(text: str, room: int) -> str:
    """The text in exactly `room` cells, ending at the right."""
    shown = cut(text, room)
    return " " * max(room - cell_len(shown), 0) + shown


def spread(start: Line, end: Line, room: int) -> Line:
    """Two lines in one of `room` cells: the first cut where it must be, the second at the right edge."""
    free = room - width(end)
    if free < 4:
        return fitted(start, room)
    start = fitted(start, free - 1)
    return (*start, (" " * (free - width(start)), ""), *end)


def fitted(line: Line, room: int) -> Line:
    """The line in at most `room` cells."""
    if width(line) <= room:
        return line
    fragments: list[Fragment] = []
    for text, style in line:
        if cell_len(text) >= room:
            fragments.append((cut(text + " " * 2, room), style))
            break
        fragments.append((text, style))
        room -= cell_len(text)
    return tuple(fragments)


def styled(line: Line, style: str) -> Line:
    """The line with a style laid over each fragment."""
    return tuple((text, f"{own} {style}".strip()) for text, own in line)


def broken(text: str, room: int) -> list[str]:
    """A paragraph as rows of at most `room` cells, broken between words; signs of two cells may stand apart.

    A word of more cells than that is cut where the row ends.
    """
    if text.isascii() or (cell_len(text) == len(text) and not _IS_WIDE.search(text)):
        return textwrap.wrap(text, room)
    rows, spaced = [""], "".join(" " if letter in "\t\n\v\f\r" else letter for letter in text)
    for piece in (part for word in _PIECE.findall(spaced) for part in _chopped(word, room)):
        if cell_len(rows[-1]) + cell_len(piece.rstrip(" ")) > room:
            rows[-1] = rows[-1].rstrip(" ")
            rows.append("")
        rows[-1] += piece if rows[-1] else piece.lstrip(" ")
    return [row.rstrip(" ") for row in rows if row.strip(" ")]


def _chopped(piece: str, room: int) -> list[str]:
    """The piece, in parts of at most `room` cells."""
    return [piece] if cell_len(piece) <= room else chop_cells(piece, room)


def marked(line: Line, room: int, *, focused: bool = True) -> Line:
    """The row under the cursor, over all of its room; what is faint is lifted, so that it can be read there, too."""
    row = (*line, (" " * max(room - width(line), 0), ""))
    row = tuple((text, MUTED if own == FAINT else own) for text, own in row if text)
    return styled(row, "on $cursor" if focused else "on $panel")


def wrapped(text: str, room: int, style: str = "", first: Line = (), indent: int | None = None) -> list[Line]:
    """A paragraph of lines; `first` stands before it and the rest is indented to its width.

    A per cent sign stays with its number, and so do the two ends of an interval.
    """
    before = width(first) if indent is None else indent
    text = _INTERVAL.sub(lambda found: found[0].replace(" ", _GLUE), text.replace(" %", f"{_GLUE}%"))
    rows = [row.replace(_GLUE, " ") for row in broken(text, max(room - before, 8))] or [""]
    return [line(*(first if i == 0 else ((" " * before, ""),)), (row, style)) for i, row in enumerate(rows)]


def folded(parts: Line, room: int) -> list[Line]:
    """A line of fragments in as many rows as it needs, broken between words; the styles stay."""
    rows: list[Line] = [EMPTY]
    for text, style in parts:
        for word in re.findall(r"\s+|\S+", text):
            if width(rows[-1]) + cell_len(word) <= room:
                rows[-1] = (*rows[-1], (word, style))
            elif word.strip():
                rows.append(((word, style),))
            else:
                rows.append(EMPTY)
    return [line(*row) for row in rows if plain(row).strip()]


def flowed(parts: Iterable[Line], room: int) -> list[Line]:
    """Lines side by side with three cells between them, in as many rows as it needs; each stays whole where it fits."""
    rows: list[Line] = []
    for part in parts:
        if rows and width(rows[-1]) + 3 + width(part) <= room:
            rows[-1] = line(*rows[-1], "   ", *part)
        else:
            rows += folded(part, room)
    return rows


def join(parts: Iterable[Line], between: Fragment) -> Line:
    """Lines side by side."""
    joined: list[Fragment] = []
    for part in parts:
        if part:
            joined += [between, *part] if joined else part
    return tuple(joined)


def decimals(value: float, digits: int = 1) -> str:
    """A number with a fixed count of digits after the point, so that columns line up; 100 for 100.0."""
    return "100" if value == 100 else f"{value:.{digits}f}"


def duration(seconds: float) -> str:
    """0:07, 12:30, 1:02:03"""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def thousands(value: float) -> str:
    """640, 2.9k, 127k"""
    if value < 1000:
        return f"{value:.0f}"
    return f"{value / 1000:.1f}k" if value < 10_000 else f"{value / 1000:.0f}k"
