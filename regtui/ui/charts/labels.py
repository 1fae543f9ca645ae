"""The names at the ends of the curves: where each one goes, so that none covers a curve or another name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size

_SHORTEST = 4
"""Cells below which a cut name says nothing any more."""
_CUT = 1.5
"""Rows of distance that a whole name is worth."""
_ROWS_A_NAME = 4
"""Rows of the chart for each name that stands elsewhere."""
_FARTHEST = 2
"""Rows that a name may stand away from the end of its curve: farther away it would name another one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name that wants to stand at the end of its curve."""

    index: int
    text: str
    sign: str
    """That of the curve: it is put before a name that stands away from the end of the curve."""
    column: int
    """Of the end of the curve."""
    height: float
    """Of the end of the curve, in rows from the upper edge of the first row."""
    is_covered: bool = False
    """Whether the sign of another curve lies on the end, so that the name needs its own."""
    weight: float = 1.0
    """How much it wants its own row, compared with others."""


@dataclass(frozen=True, slots=True)
class Placed:
    index: int
    text: str
    column: int
    row: int
    at_edge: bool = False
    """Ends at the right edge, above or below the curve; else it starts right of the curve's end."""

    def cells(self) -> list[tuple[int, int]]:
        return [(self.column + i, self.row) for i in range(cell_len(self.text))]


IsFree = Callable[[int, int], bool]


def place(wanted: Sequence[Wanted], columns: int, rows: int, is_free: IsFree) -> list[Placed]:
    """Give each name a place; cut it where it must be, leave it out where there is none.

    A name stands right of its curve's end if it fits there, else above or below it at the right edge. Names that
    would touch are moved apart, and keep the order of their curves from top to bottom as far as they can. Whoever
    finds no place there stands, with its sign before it, where no curve is: at the left or the right edge.
    """
    placed: list[Placed] = []
    taken: set[tuple[int, int]] = set()
    names = sorted(wanted, key=lambda name: (name.height, name.index))
    own_rows = spread([(int(name.height), name.weight) for name in names], rows)
    for name, row in zip(names, own_rows, strict=True):
        best: Placed | None = None
        best_cost = float("inf")
        for candidate in _candidates(name, row, columns, rows):
            cells = candidate.cells()
            if any(cell in taken or not is_free(*cell) for cell in cells):
                continue
            cost = abs(candidate.row - row) + 0.5 * abs(candidate.row + 0.5 - name.height)
            lost = max(0.0, 1 - len(cells) / cell_len(name.text))
            cost += _CUT * (lost > 0) + 2 * lost  # rather two rows away than with its end cut off
            if cost < best_cost:
                best, best_cost = candidate, cost
        if best:
            placed.append(best)
            taken.update(_around(best))
    ends = {name.index: name.height for name in wanted}
    placed = _in_order(placed, ends, is_free, _FARTHEST)
    placed += _elsewhere([name for name in names if name.sign], placed, columns, rows, is_free)
    return _in_order(placed, ends, is_free, rows)  # one that is far from its curve by what is above and below it


def _elsewhere(
    names: Sequence[Wanted], placed: Sequence[Placed], columns: int, rows: int, is_free: IsFree
) -> list[Placed]:
    """Places far from the curves for names that have none yet; a few, since too many would be a wall of words."""
    taken = {cell for name in placed for cell in _around(name)}
    has_place = {name.index for name in placed}
    found: list[Placed] = []
    for name in names:
        if name.index in has_place or len(found) >= rows // _ROWS_A_NAME:
            continue
        text = f"{name.sign} {name.text}"
        edge = columns - cell_len(text)
        places = sorted(
            ((row, column) for row in range(rows) for column in (edge, 1) if edge > columns // 2),
            key=lambda place: abs(place[0] - int(name.height)) + _FARTHEST * (place[1] != edge),
        )
        for row, column in places:
            there = Placed(name.index, text, column, row, at_edge=column == edge)
            if all(cell not in taken and is_free(*cell) for cell in there.cells()):
                found.append(there)
                taken.update(_around(there))
                break
    return found


def _around(name: Placed) -> list[tuple[int, int]]:
    """The cells of a name, and the one on each side of it."""
    return [(name.column + i, name.row) for i in range(-1, cell_len(name.text) + 1)]


def _candidates(name: Wanted, row: int, columns: int, rows: int) -> list[Placed]:
    found = []
    end = int(name.height)
    for at in range(max(0, row - _FARTHEST, end - _FARTHEST), min(rows, row + _FARTHEST + 1, end + _FARTHEST + 1)):
        away = at != end
        text = f"{name.sign} {name.text}" if (away or name.is_covered) and name.sign else name.text
        after = name.column + (1 if text != name.text else 2)
        room = columns - after
        if room >= min(cell_len(text), _SHORTEST + len(text) - len(name.text)):
            found.append(Placed(name.index, cut(text, room), after, at))
        if away and room < cell_len(text):
            text = cut(text, columns // 2)
            found.append(Placed(name.index, text, columns - cell_len(text), at, at_edge=True))
    return [candidate for candidate in found if candidate.text]


def _in_order(placed: list[Placed], ends: Mapping[int, float], is_free: IsFree, farthest: int) -> list[Placed]:
    """Let names at the right edge change rows so that they follow each other as their curves do, if they fit.

    `ends` has the height at which each curve ends; none of them comes to stand more than `farthest` rows from it.
    """
    edge = sorted((name for name in placed if name.at_edge), key=lambda name: (ends[name.index], name.index))
    rows = sorted(name.row for name in edge)
    ordered = [replace(name, row=row) for name, row in zip(edge, rows, strict=True)]
    others = {(column + i, row) for name in placed if not name.at_edge for column, row in name.cells() for i in (0, 1)}
    if any(abs(name.row - int(ends[name.index])) > farthest for name in ordered):
        return placed
    if any(cell in others or not is_free(*cell) for name in ordered for cell in name.cells()):
        return placed
    return [name for name in placed if not name.at_edge] + ordered


def spread(wanted: Sequence[tuple[int, float]], rows: int) -> list[int]:
    """Rows for names that want to stand in given rows (ascending) with given weights: one each, little moved.

    Names that are too close form a block around the mean of what its members want; blocks that touch are joined.
    Where there are more names than rows, some share the first one.
    """
    blocks: list[tuple[float, float, int]] = []  # (weighted sum of wished first rows, weight, members)
    for row, weight in wanted:
        total, members = row * weight, 1
        while blocks and blocks[-1][0] / blocks[-1][1] + blocks[-1][2] > total / weight:
            before, its_weight, count = blocks.pop()
            total, weight, members = before + total - count * weight, its_weight + weight, count + members
        blocks.append((total, weight, members))
    result: list[int] = []
    for total, weight, members in blocks:
        first = max(round(total / weight), result[-1] + 1 if result else 0)
        result += range(first, first + members)
    for i in reversed(range(len(result))):
        result[i] = max(0, min(result[i], rows - len(result) + i))
    return result


def cut(text: str, room: int) -> str:
    """The text in at most `room` cells."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 0 else ""
