"""What a stack makes of samples, as lines: pictures before and after with their targets, texts as token diffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regtui.preview import Picture, Previewed, Word
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, OPEN, Fragment, Line, folded, left, line, width, wrapped
from regtui.ui.widgets.pixels import half_blocks, ink, scaled

FEWEST = 4
"""Pictures beside each other that are worth scaling them down for."""
APART = 4
"""Cells between two pairs of pictures."""
SMALLEST = 8
"""Pixels of a side below which nothing can be recognized."""
LABEL = 15
"""Cells for the class before a text."""
SHADES = ("█", "▒", "░")
"""The classes of a target in its bar, the largest first; the last one stands for all others."""

MARKS: dict[str, tuple[str, str, str]] = {
    "replaced": ("", "was→now", f"bold {OPEN}"),
    "moved": ("»", "moved", "bold $primary"),
    "inserted": ("+", "inserted", f"bold {GOOD}"),
    "deleted": ("−", "deleted", f"strike {BAD}"),
    "masked": ("?", "masked", f"reverse {MUTED}"),
}
"""By what became of a word: the sign before it, how the legend names it, style."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a picture is drawn on."""

    ascii_only: bool = False
    dark: bool = True
    cell: tuple[int, int] | None = None
    """Pixels of a cell where the terminal draws the pictures itself: their cells are then left empty for it."""

    def drawn(self, picture: Picture) -> list[Line]:
        return ink(picture, dark=self.dark) if self.ascii_only else half_blocks(picture)


@dataclass(frozen=True, slots=True)
class Grid:
    """Pictures in columns."""

    shown: tuple[tuple[int, Previewed], ...]
    """With their numbers."""
    side: int
    """Cells of a column; one more lies between two."""
    rows: int
    """Rows of cells of a picture, at most."""
    across: int = 0
    """Pairs beside each other in a band, each original left of what became of it; 0: one band, originals above."""


def preview_lines(samples: Sequence[Previewed], room: int, height: int, ground: Ground) -> list[Line]:
    """The samples in `room` cells; pictures are scaled so that they need at most `height` rows, texts may scroll."""
    if any(sample.words for sample in samples):
        return text_lines(samples, room)
    return picture_lines(samples, room, height, ground)


def picture_lines(samples: Sequence[Previewed], room: int, height: int, ground: Ground) -> list[Line]:
    """Originals above, augmented below, and under these what the network is to say, in as many columns as fit.

    Where there is room for more of them so, they stand in pairs, band below band.
    """
    grid = grid_of(samples, room, height, ground)
    if grid is None:
        return []
    side, shown = grid.side, grid.shown
    soft = any(one.target for one in samples)
    mixes = any(one.partner >= 0 for one in samples)

    def drawn(picture: Picture | None) -> list[Line]:
        if ground.cell is not None:
            return [EMPTY] * grid.rows
        return ground.drawn(scaled(picture, side, max(2 * grid.rows, SMALLEST))) if picture is not None else []

    if grid.across:
        wide = 2 * side + APART
        pairs = [
            [
                line((left(f"{number + 1} {one.label}", side + 1), MUTED), ("→ in training", FAINT)),
                *_beside([drawn(one.before), drawn(one.after)], side),
                *(target_lines(one, 2 * side + 1, mixes=mixes) if soft else []),
            ]
            for number, one in shown
        ]  # fmt: skip
        bands = [pairs[at : at + grid.across] for at in range(0, len(pairs), grid.across)]
        rows = [_beside(band, wide) for band in bands]
        apart = [EMPTY] if sum(map(len, rows)) + len(rows) - 1 <= height else []
        return [*rows[0], *(row for band in rows[1:] for row in (*apart, *band))]
    blocks = [
        [[line((left(f"{number + 1} {one.label}", side), MUTED))] for number, one in shown],
        [drawn(one.before) for _, one in shown],
        [drawn(one.after) for _, one in shown],
        *([[target_lines(one, side, mixes=mixes) for _, one in shown]] if soft else []),
    ]
    heads, before, *below = (_beside(block, side) for block in blocks)
    return [*heads, *before, line(("↓ in training", FAINT)), *(row for block in below for row in block)]


def grid_of(samples: Sequence[Previewed], room: int, height: int, ground: Ground) -> Grid | None:
    """How the pictures are laid out; None where there are none.

    Cells show two pixels each, so pictures must not be much smaller than they are, and some may have no room. A
    terminal that draws pixels shows all of them, as large as they can be beside each other.
    """
    pairs = [(number, one) for number, one in enumerate(samples) if one.before is not None and one.after is not None]
    if not pairs:
        return None
    largest = max((one.before for _, one in pairs if one.before is not None), key=lambda picture: picture.width)
    below = 3 if any(one.target for _, one in pairs) else 0
    rows = (height - 2 - below) // 2
    if ground.cell is not None:
        wide, tall = ground.cell
        aspect = largest.height * wide / (largest.width * tall)  # rows of cells for each column of cells
        side = max(SMALLEST, min((room + 1) // len(pairs) - 1, int(rows / aspect)))
        return Grid(tuple(pairs[: max(1, (room + 1) // (side + 1))]), side, max(1, round(side * aspect)))
    side = max(SMALLEST, min(largest.width, 2 * rows, (room + 1) // min(FEWEST, len(pairs)) - 1))
    above = Grid(tuple(pairs[: max(1, (room + 1) // (side + 1))]), side, rows)
    whole = (largest.height + 1) // 2
    across, bands = (room + 1) // (2 * largest.width + 1 + APART), height // (1 + whole + below)
    in_bands = Grid(tuple(pairs[: across * bands]), largest.width, whole, across)
    return in_bands if len(in_bands.shown) > len(above.shown) else above


def target_lines(sample: Previewed, room: int, *, mixes: bool) -> list[Line]:
    """Three rows: the target as a bar, with lambda behind it where samples are mixed; its largest class; the second."""
    target = sample.target or [(sample.label, 1.0)]
    told = f" λ {share(sample.share)}" if mixes else ""
    bar = _bar([part for _, part in target], room - len(told))
    rows = [line(*bar, (told, "bold $accent"))]
    for place in range(2):
        if place < len(target):
            name, part = target[place]
            mark, style = (SHADES[place] + " ", "$primary" if place == 0 else "$accent")
            rows.append(line((mark, style), (left(f"{share(part)} {name}", room - 2), "")))
        elif place and sample.partner >= 0 and share(sample.share) != "1.0":
            rows.append(line((left(f"  of {sample.partner + 1}, same class", room), FAINT)))
        else:
            rows.append(EMPTY)
    return rows


def text_lines(samples: Sequence[Previewed], room: int) -> list[Line]:
    """Each text as it is and, below it, what became of each word."""
    rows = [line(*legend()), EMPTY]
    for sample in samples:
        rows += wrapped(" ".join(sample.original), room, MUTED, line((left(sample.label, LABEL), "bold")))
        for row in folded(words_line(sample.words), max(room - LABEL, 8)):
            rows.append(line(" " * LABEL, *row))
        rows.append(EMPTY)
    return rows


def words_line(words: Sequence[Word]) -> Line:
    """The words of a text with a sign and a style for what became of each; a text that nothing happened to says so."""
    if all(word.fate == "kept" for word in words):
        return line(("unchanged", FAINT))
    parts: list[Fragment] = []
    for word in words:
        if parts:
            parts.append((" ", ""))
        parts.append((marked(word), MARKS[word.fate][2] if word.fate in MARKS else ""))
    return line(*parts)


def marked(word: Word) -> str:
    """A word with the sign of what became of it, so that no colour is needed to tell."""
    if word.fate == "kept":
        return word.text
    if word.fate == "replaced":
        return f"{word.was}→{word.text}"
    return f"{MARKS[word.fate][0]}{word.text}" + ("?" if word.fate == "masked" else "")


def legend() -> Line:
    """What the signs mean."""
    parts: list[Fragment] = []
    for sign, name, style in MARKS.values():
        parts += [("   " if parts else "", ""), (f"{sign}{name}" + ("?" if sign == "?" else ""), style)]
    return line(*parts)


def share(value: float) -> str:
    """.63, and 1.0 for all of it."""
    return "1.0" if value >= 0.995 else f"{value:.2f}".removeprefix("0")


def _bar(parts: Sequence[float], room: int) -> Line:
    """Parts of 1 in `room` cells; where they end, not how wide they are, is rounded, so that the bar is always full."""
    drawn: list[Fragment] = []
    end, done = 0.0, 0
    for place, part in enumerate([*parts[:2], 1.0 - sum(parts[:2])]):
        end += part
        cells = round(end * room) - done
        done += cells
        drawn.append((SHADES[place] * cells, ("$primary", "$accent", FAINT)[place]))
    return line(*drawn)


def _beside(blocks: Sequence[Sequence[Line]], side: int) -> list[Line]:
    """Blocks of lines in columns of `side` cells with one cell between them."""
    rows = []
    for at in range(max(map(len, blocks))):
        parts: list[Fragment] = []
        for block in blocks:
            own = block[at] if at < len(block) else EMPTY
            parts += [*own, (" " * (side + 1 - width(own)), "")]
        rows.append(line(*parts))
    return rows
