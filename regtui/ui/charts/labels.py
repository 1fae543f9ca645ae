"""The names at the ends of the curves: where each one goes, so that none covers a curve or another name.

Names follow each other from top to bottom as the ends of their curves do, wherever they have to stand: a reader who
cannot see to which curve a name belongs counts from above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from rich.cells import cell_len, set_cell_size

_SHORTEST = 4
"""Cells below which a cut name says nothing any more."""
_READABLE = 13
"""Cells that a name may take from the curves of a narrow chart, where half of it is less."""
_CUT = 3.0
"""Rows of distance that a whole name is worth."""
_AWAY = 0.5
"""Rows of distance that the row of the end itself is worth."""
_ROWS_A_NAME = 3
"""Rows of the chart for each name that stands far from its curve: more of them would be a wall of words."""
_NEAR = 2
"""Rows around the end of a curve in which a name is taken for its."""
_LEFT = 4.0
"""Rows of distance that a place at the left edge costs, where curves begin."""
_LEFT_OUT = 10_000.0
"""Rows of distance that a name costs which is not shown: more than any place."""


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
    """A name and where it may stand."""

    index: int
    text: str
    column: int
    row: int
    cost: float = 0.0
    """In rows of distance from the end of the curve."""
    is_far: bool = False
    """Whether it stands where one would not look for it, so that its sign alone tells its curve."""

    def cells(self) -> list[tuple[int, int]]:
        return [(self.column + i, self.row) for i in range(cell_len(self.text))]


IsFree = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to place some names, as a chain that ends with the last one."""

    cost: float
    placed: Placed | None = None
    """None: the name is left out, or there is none yet."""
    before: _Way | None = None

    def names(self) -> list[Placed]:
        """From the first to the last."""
        found: list[Placed] = []
        way: _Way | None = self
        while way is not None:
            found += [way.placed] if way.placed else []
            way = way.before
        return found[::-1]


def place(wanted: Sequence[Wanted], columns: int, rows: int, is_free: IsFree) -> list[Placed]:
    """Give each name a row of its own, in the order of the curves; cut it where it must be.

    A name stands right of its curve's end if it fits there, else above or below it at the right edge. Of names that
    are equally high the one that comes first stands above. Where a name finds no place near its curve, a few may
    stand far from it, with their signs before them, at the right or the left edge; what has no place even then is
    left out, and its curve is told by the signs on it.
    """
    names = sorted(wanted, key=lambda name: name.height)
    near = [[*_near(name, columns, rows, is_free)] for name in names]
    placed = _cheapest(names, near, rows, is_free)
    if len(placed) == len(names):
        return placed
    anywhere = [[*own, *_far(name, columns, rows)] for name, own in zip(names, near, strict=True)]
    placed = _cheapest(names, anywhere, rows, is_free)
    heights = {name.index: name.height for name in names}
    distant = sorted((name for name in placed if name.is_far), key=lambda name: abs(name.row - heights[name.index]))
    return [name for name in placed if name not in distant[rows // _ROWS_A_NAME :]]


def _cheapest(names: Sequence[Wanted], places: Sequence[Sequence[Placed]], rows: int, is_free: IsFree) -> list[Placed]:
    """Of all ways to put the names, in this order, into rows from top to bottom, the one with the least cost in sum.

    `places` has those that each name may take. `best[row]` is the cheapest way that uses rows above `row` alone.
    """
    best = [_Way(0.0)] * (rows + 1)
    for name, its_places in zip(names, places, strict=True):
        longer = [_Way(way.cost + _LEFT_OUT * name.weight, None, way) for way in best]
        for there in its_places:
            way = best[there.row]
            cost = way.cost + there.cost
            if cost < longer[there.row + 1].cost and all(is_free(*cell) for cell in there.cells()):
                longer[there.row + 1] = _Way(cost, there, way)
        best = list(accumulate(longer, _cheaper))
    return best[-1].names()


def _cheaper(way: _Way, other: _Way) -> _Way:
    return other if other.cost < way.cost else way


def _near(name: Wanted, columns: int, rows: int, is_free: IsFree) -> Iterator[Placed]:
    """Places in the rows around the end of the curve, right of it or at the right edge."""
    end = int(name.height)
    for row in range(max(0, end - _NEAR), min(rows, end + _NEAR + 1)):
        away = row != end
        hides = name.column + 1 < columns and not is_free(name.column + 1, end)  # the sign of a curve that goes on
        text = f"{name.sign} {name.text}" if (away or name.is_covered or hides) and name.sign else name.text
        after = name.column + (1 if text != name.text else 2)
        room = columns - after
        if room >= min(cell_len(text), _SHORTEST + len(text) - len(name.text)):
            yield _placed(name, cut(text, room), after, row)
        if away and room < cell_len(text):
            text = cut(text, max(columns // 2, min(_READABLE, columns)))
            yield _placed(name, text, columns - cell_len(text), row)


def _far(name: Wanted, columns: int, rows: int) -> Iterator[Placed]:
    """Places at both edges, far from the end of the curve: only its sign tells there whose name it is."""
    text = f"{name.sign} {name.text}"
    edge = columns - cell_len(text)
    if not name.sign or edge <= columns // 2:
        return
    for row in range(rows):
        if abs(row - int(name.height)) > _NEAR:
            yield replace(_placed(name, text, min(name.column + 1, edge), row), is_far=True)
        yield replace(_placed(name, text, 1, row, _LEFT), is_far=True)


def _placed(name: Wanted, text: str, column: int, row: int, extra: float = 0.0) -> Placed:
    """A place and its cost: the distance, and what is lost of the name."""
    distance = abs(row + 0.5 - name.height)
    kept = text.removeprefix(f"{name.sign} ")
    lost = max(0.0, 1 - cell_len(kept) / cell_len(name.text)) if kept != name.text else 0.0
    # The square spreads names that crowd around the mean of their ends.
    cost = name.weight * (distance + 0.1 * distance**2) + _AWAY * (row != int(name.height)) + _CUT * (lost > 0)
    return Placed(name.index, text, column, row, cost + 2 * lost + extra)


def cut(text: str, room: int) -> str:
    """The text in at most `room` cells."""
    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 0 else ""
