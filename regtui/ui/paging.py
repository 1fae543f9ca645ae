"""A list that has no room turns no page.

Textual 8.2.8 looks for the line of the chosen option also where no line was laid out yet, as in a command palette whose
answers have just come, or in a terminal of a few rows, and ends the app with a KeyError.
"""

from __future__ import annotations

from typing import Any

from textual.widgets import OptionList


def turn_pages_with_room_only() -> None:
    """For all lists of options, those inside of Textual's own screens among them."""
    OptionList._move_page = _move_page  # type: ignore[method-assign]


_turn = OptionList._move_page


def _move_page(self: OptionList, direction: Any) -> None:
    if self.scrollable_content_region:
        _turn(self, direction)
