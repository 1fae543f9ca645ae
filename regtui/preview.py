"""What a stack makes of samples, as it goes from a worker to a screen: small pictures, words and what became of them.

Free of torch and of screens.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MOST_SAMPLES = 8
"""Samples of a preview at most."""
MOST_PIXELS = 32
"""Longest side of a picture; larger ones are scaled down to it."""

Fate = Literal["kept", "replaced", "moved", "inserted", "deleted", "masked"]
"""What became of a word."""


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A word of an augmented text, or one that is gone from it, at its place."""

    text: str
    """As it stands in the text; for a masked or deleted word, what it was."""
    fate: Fate = "kept"
    was: str = ""
    """What stood in the place of a replaced word."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A small picture."""

    width: Annotated[int, Meta(ge=1, le=MOST_PIXELS)]
    height: Annotated[int, Meta(ge=1, le=MOST_PIXELS)]
    channels: Literal[1, 3]
    pixels: bytes
    """Row by row, one byte a channel; base64 on the wire."""

    def __post_init__(self) -> None:
        """Raises ValueError for pixels that do not make the picture."""
        wanted = self.width * self.height * self.channels
        if len(self.pixels) != wanted:
            raise ValueError(f"{self.width} x {self.height} pixels of {self.channels} bytes are {wanted}, "
                             f"not {len(self.pixels)}")  # fmt: skip

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue of a pixel, 0 to 255."""
        first = (y * self.width + x) * self.channels
        parts = self.pixels[first : first + self.channels]
        return (parts[0], parts[0], parts[0]) if self.channels == 1 else (parts[0], parts[1], parts[2])


class Previewed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One training sample before and after the stack."""

    label: str
    """The class that it is trained as."""
    before: Picture | None = None
    """None for a text."""
    after: Picture | None = None
    original: list[str] = []
    """The words of a text; empty for a picture."""
    words: list[Word] = []
    """The augmented text, with the words that are gone from it."""
    share: float = 1.0
    """How much of the target's mixing is the sample itself (lambda), [0, 1]; 1: nothing was mixed in."""
    partner: int = -1
    """Place of the sample that was mixed in; -1: none."""
    target: list[tuple[str, float]] = []
    """What the network is to say: classes and their shares, the largest first; empty while it is the label alone."""
