"""The lines of the stack pane: rows in columns, the value of the selected one between - and +."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.ui.settings import Row
from regtui.ui.text import (
    EMPTY,
    FAINT,
    GOOD,
    MUTED,
    RULE,
    STRONG,
    Line,
    cut,
    fitted,
    left,
    line,
    marked,
    right,
    width,
    wrapped,
)

VALUE = 11
"""Cells of a value with its - and +."""
EXPLAINED = 6
"""Rows that the explanation of a row takes at most; the pane gives it as many as it needs (app.tcss)."""


def laid_out(rows: Sequence[Row], *, is_tall: bool) -> list[Row | str]:
    """The rows with what stands between them: the heading of a section, or "" for an empty line."""
    laid: list[Row | str] = []
    section = ""
    for i, row in enumerate(rows):
        if is_tall and row.kind == "regularizer" and i and rows[i - 1].kind in ("group", "setting"):
            laid.append("")
        if row.section and row.section != section:
            section = row.section
            laid.append(section)
        laid.append(row)
    return laid


def heading_line(section: str, room: int) -> Line:
    """The name of a section on a faint rule; an empty line for none."""
    return line((f"{section} ", FAINT), ("─" * max(room - len(section) - 1, 0), RULE)) if section else EMPTY


def row_line(row: Row, room: int, *, selected: bool, focused: bool, typed: str | None = None) -> Line:
    """One row in exactly `room` cells. `typed` is what has been typed so far, None while nothing is."""
    if row.kind == "group":
        parts = line((f"{row.label:<6} ", FAINT), (cut(row.text, room - 7), MUTED))
    else:
        parts = _value_row(row, room, selected=selected and focused, typed=typed)
    return marked(parts, room, focused=focused) if selected else parts


def _value_row(row: Row, room: int, *, selected: bool, typed: str | None) -> Line:
    off = row.kind == "regularizer" and not row.is_on
    text_style = MUTED if off or row.kind in ("setting", "param") else ""
    if row.kind == "regularizer":
        mark = line(("■ " if row.is_on else "□ ", GOOD if row.is_on else FAINT))
        text_style = text_style or "bold"
    else:
        mark = line("    ")
    symbol = row.param.symbol if row.param is not None and row.kind != "setting" else ""
    where = row.entry.where if row.entry is not None and row.kind == "regularizer" else ""
    name = room - VALUE - 3 - width(mark)
    shown_where = f" {where}" if where and len(row.label) + 1 + len(where) < name else ""
    label = line((cut(row.label, name), text_style), (shown_where, FAINT))
    free = name - width(label)
    value = _value(row, selected=selected, typed=typed, off=off)
    return line(*mark, *label, (" " * free, ""), (left(symbol, 3), FAINT if off else MUTED), *value)


def _value(row: Row, *, selected: bool, typed: str | None, off: bool) -> Line:
    if row.param is None:
        return line((" " * VALUE, ""))
    if typed is not None and selected:
        return line((left(f" {typed}▏"[-VALUE:], VALUE), "bold $accent"))
    shown = row.shown
    if row.param.kind in ("choice", "text"):
        shown = shown if len(shown) <= VALUE - 2 else f"…{shown[3 - VALUE :]}"
        return line((right(shown, VALUE - 2), FAINT if off else ""), "  ")
    if selected and not off:
        return line(("− ", "bold $accent"), (_on_the_point(shown, VALUE - 4), STRONG), (" +", "bold $accent"))
    return line("  ", (_on_the_point(shown, VALUE - 4), FAINT if off else ""), "  ")


def _on_the_point(text: str, room: int) -> str:
    """The number with its decimal point in the same column as all others'."""
    head, dot, rest = text.partition(".")
    if "e" in text or not (head or rest).replace("-", "").isdigit():
        return right(text, room)
    after = left(dot + rest, 3)
    shown = right(head, room - 3) + after
    return shown if len(dot + rest) <= 3 else right(text, room)


def explanation(row: Row, room: int, height: int) -> list[Line]:
    """What the selected row is: a sentence, then the range."""
    if row.kind == "group":
        about = {"data": "What it trains on.", "test": "How test pictures differ from the training pictures.",
                 "model": "The network.", "train": "How it is trained."}[row.key]  # fmt: skip
        return wrapped(f"{about} Enter opens the line.", room, MUTED)
    about = row.regularizer.summary if row.kind == "regularizer" and row.regularizer else ""
    if row.param is None:
        return _at_most(wrapped(about, room, MUTED), height)
    about = about or row.param.summary
    steer = line((", changes live", GOOD)) if row.param.steerable else ()
    allowed = row.param.allowed.removeprefix("a whole number ").removeprefix("a number ")
    allowed = allowed.removeprefix("from ").replace(" below", " to below")
    name = row.param.title if row.kind == "regularizer" else ""
    extent = line((f"{name} {allowed}".strip(), FAINT))
    if width(extent) + width(steer) <= room:
        extent = (*extent, *steer)
    return [*_at_most(wrapped(about, room, MUTED), height - 1), fitted(extent, room)]


def _at_most(rows: list[Line], count: int) -> list[Line]:
    """The first rows; the last of them ends with an ellipsis where more would follow."""
    if len(rows) <= count:
        return rows
    shown = rows[:count]
    (text, style), *_ = shown[-1] or (("", ""),)
    return [*shown[:-1], line((text[:-1] + "…", style))] if text else shown
