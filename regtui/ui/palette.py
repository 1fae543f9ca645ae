"""The look of an arm: one hue and one sign, for life.

Hues are Okabe & Ito's colour-blind-safe set (https://jfly.uni-koeln.de/color/), lightened for the dark ground and
darkened for the light one until each has a contrast of at least 4.5 : 1 there. Identity never hangs on the hue alone:
the sign stands on the curve, in the table and beside each name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regtui.ui.charts import GLYPHS, Stroke

_HUES: tuple[tuple[str, str], ...] = (
    ("#56b4e9", "#0067a5"),  # sky blue
    ("#e69f00", "#8f5f00"),  # orange
    ("#2fc196", "#00705a"),  # bluish green
    ("#d98cb9", "#9c4579"),  # reddish purple
    ("#e8dc5a", "#6b6100"),  # yellow
    ("#f0804a", "#b04300"),  # vermilion
    ("#8a9cf0", "#3d4fb5"),  # blue
    ("#b0b6c8", "#555b6e"),  # grey
)
"""(on dark, on light)"""


_NEUTRAL = ("#8b93b5", "#5d6474")


def neutral(dark: bool) -> str:
    """Hex of what belongs to no arm: what arms are compared with."""
    return _NEUTRAL[0 if dark else 1]


@dataclass(frozen=True, slots=True)
class ArmLook:
    """How an arm is drawn."""

    number: int
    """Its place in the order of first appearance, from 0."""

    @property
    def sign(self) -> Stroke:
        """On curves, in tables, beside names."""
        return GLYPHS[self.number % len(GLYPHS)]

    def color(self, dark: bool) -> str:
        """Hex."""
        return _HUES[self.number % len(_HUES)][0 if dark else 1]


class Looks:
    """Looks by arm; an arm that goes away keeps its own, so that none changes hue under the reader's eyes."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        for name in names:
            self.of(name)

    def of(self, name: str) -> ArmLook:
        """The look of an arm; the next free one for a new arm."""
        return ArmLook(self._numbers.setdefault(name, len(self._numbers)))
