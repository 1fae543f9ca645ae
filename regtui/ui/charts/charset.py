"""What a character becomes on a terminal that knows ASCII only, and names that are safe to show."""

from __future__ import annotations

import unicodedata
from functools import cache

from rich.cells import cell_len

from regtui.ui.charts.model import Charset

LEFT_DOTS, RIGHT_DOTS = 0x47, 0xB8
"""The dots of the left and of the right half of a braille cell."""
_DOT_ROWS = (0x09, 0x12, 0x24, 0xC0)
"""The dots of the four rows of a braille cell, the highest first."""

_ASCII = str.maketrans("●▲■◆▼★○•…─┈╎", "o^#+v*xo.-.:")


def plain(text: str, charset: Charset) -> str:
    """A text from a file as one that fills its cells: no control characters, nothing without a width."""
    text = "".join("?" if unicodedata.category(letter) == "Cc" else letter for letter in text)
    if charset == "ascii" and not text.isascii():
        letters = unicodedata.normalize("NFKD", text.translate(_ASCII))  # é becomes e and an accent without a width
        text = "".join(letter if letter.isascii() else "?" for letter in letters if cell_len(letter))
    return "".join(letter for letter in unicodedata.normalize("NFC", text) if letter.isprintable() and cell_len(letter))


def character(front: str | int, charset: Charset) -> str:
    """What is shown for a character, or for the dots of a braille cell given as its pattern."""
    if isinstance(front, str):
        return front if charset == "braille" or front.isascii() else front.translate(_ASCII)
    if not front:
        return " "
    return ascii_dots(front) if charset == "ascii" else chr(0x2800 + front)


@cache
def ascii_dots(pattern: int) -> str:
    """The ASCII character that comes nearest to the dots of a braille cell."""
    left = [height for height, row in enumerate(_DOT_ROWS) if pattern & row & LEFT_DOTS]
    right = [height for height, row in enumerate(_DOT_ROWS) if pattern & row & RIGHT_DOTS]
    both = left + right
    if max(both) - min(both) >= 2:
        slope = sum(right) / len(right) - sum(left) / len(left) if left and right else 0.0
        return "|" if abs(slope) < 1 else "\\" if slope > 0 else "/"
    middle = sum(both) / len(both)
    return "'" if middle < 1 else "-" if middle < 2.5 else "_" if len(both) > 1 else "."
