"""The shape of every pane: a rule with its title in it, and what it shows below. No box, so nothing is framed twice."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from regtui.ui.text import EMPTY, RULE, Line, fitted, line, styled, width
from regtui.ui.widgets.lines import Lines

AROUND = 4
"""Cells of the rule and the spaces around a title, at least."""


def title_line(title: Line, room: int, *, focused: bool) -> Line:
    """The title, and a rule for the rest of the row. Only whole parts of the title are shown, the first excepted."""
    rule = "$primary" if focused else RULE
    shown = title[:1]
    for part in title[1:]:
        if width((*shown, part)) > room - AROUND:
            break
        shown = (*shown, part)
    if shown:
        shown = line(*shown[:-1], (shown[-1][0].rstrip(), shown[-1][1]))
    shown = fitted(shown, room - AROUND)
    if focused:
        shown = (*styled(shown[:1], "$primary"), *shown[1:])
    return line(("─ ", rule), *shown, " ", ("─" * max(room - width(shown) - 3, 0), rule))


class Title(Lines):
    """The rule at the top of a pane: its own widget, so that a new title repaints one row."""

    DEFAULT_CSS = """
    Title { height: 1; }
    """

    can_focus = False


class Pane(Vertical):
    """A title rule above a body."""

    def __init__(self, body: list[Widget], *, id: str, can_focus: bool = False) -> None:
        super().__init__(id=id, classes="pane")
        self.can_focus = can_focus
        self._body = body
        self._title = Title()
        self._title_text: Line = EMPTY

    def compose(self) -> ComposeResult:
        yield self._title
        yield from self._body

    @property
    def title_room(self) -> int:
        """Cells that a title may take; of a longer one the last parts are left out."""
        return max(self._title.room - AROUND, 0)

    def set_title(self, title: Line) -> None:
        """Show another title."""
        self._title_text = title
        self._title.show([title_line(title, self._title.room, focused=self.has_focus_within)])

    def on_resize(self) -> None:
        self.set_title(self._title_text)

    def on_focus(self) -> None:
        self.set_title(self._title_text)

    def on_blur(self) -> None:
        self.set_title(self._title_text)

    def on_descendant_focus(self) -> None:
        self.set_title(self._title_text)

    def on_descendant_blur(self) -> None:
        self.set_title(self._title_text)
