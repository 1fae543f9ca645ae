"""What became of each word of a text while the entries of a stack changed it, one entry after the other.

Found by comparing the ids before and after each entry. Where a text has a word twice, the two are told apart only as
far as the result tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from regtui.engine.text import PAD, UNKNOWN
from regtui.preview import Fate, Word


@dataclass(frozen=True, slots=True)
class Piece:
    """A word on its way through the stack."""

    id: int
    """The present id."""
    first: int
    """The id it came with; for an inserted word the one it was inserted as."""
    fate: Fate = "kept"
    is_new: bool = False
    """It came while the stack acted; should it go again, there is nothing to tell."""


def beginning(ids: Sequence[int]) -> list[Piece]:
    """The words of a text before anything happened; padding is left out."""
    return [Piece(id, id) for id in ids if id != PAD]


def follow(pieces: Sequence[Piece], entry: str, ids: Sequence[int]) -> list[Piece]:
    """The pieces after one more entry.

    entry  its name in the catalog
    ids    (L,) the text after it, padding at the right
    """
    after = [id for id in ids if id != PAD]
    alive = [piece for piece in pieces if piece.fate != "deleted"]
    if len(after) != len(alive) or entry in ("synonym_insertion", "word_deletion"):
        return _aligned(pieces, after)
    changed = [at for at, piece in enumerate(alive) if piece.id != after[at]]
    if entry == "word_swap":
        left = [alive[at] for at in changed]
        for at in changed:
            moved = next(piece for piece in left if piece.id == after[at])
            left.remove(moved)
            alive[at] = moved if moved.is_new else replace(moved, fate="moved")
    else:
        for at in changed:
            alive[at] = _exchanged(alive[at], after[at])
    rest = iter(alive)
    return [piece if piece.fate == "deleted" else next(rest) for piece in pieces]


def described(pieces: Sequence[Piece], words: Sequence[str]) -> list[Word]:
    """The pieces in words; `words` has the word of each id."""
    return [_word(piece, words) for piece in pieces]


def _exchanged(piece: Piece, id: int) -> Piece:
    """The piece with another word in its place."""
    if id == UNKNOWN:
        return replace(piece, id=id, fate="masked")
    if piece.is_new:
        return replace(piece, id=id, first=id, fate="inserted")
    return replace(piece, id=id, fate="kept" if id == piece.first else "replaced")


def _aligned(pieces: Sequence[Piece], after: Sequence[int]) -> list[Piece]:
    """The pieces when words went or came: what remains keeps its order, so the first match is a right one."""
    shorter = len(after) <= sum(piece.fate != "deleted" for piece in pieces)
    made: list[Piece] = []
    rest = list(pieces)
    for id in after:
        while rest and (rest[0].fate == "deleted" or (shorter and rest[0].id != id)):
            made += _gone(rest.pop(0))
        made.append(rest.pop(0) if rest and rest[0].id == id else Piece(id, id, "inserted", is_new=True))
    return made + [gone for piece in rest for gone in _gone(piece)]


def _gone(piece: Piece) -> list[Piece]:
    """What is left to tell of a piece that went."""
    return [] if piece.is_new else [replace(piece, fate="deleted")]


def _word(piece: Piece, words: Sequence[str]) -> Word:
    if piece.fate in ("deleted", "masked"):
        return Word(words[piece.first], piece.fate)
    return Word(words[piece.id], piece.fate, words[piece.first] if piece.id != piece.first else "")
