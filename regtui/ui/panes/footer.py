"""One line of keys, the most important ones first, as many as fit; each can be clicked."""

from __future__ import annotations

from textual import events

from regtui.ui.keys import Key, footer_keys
from regtui.ui.messages import ActionPicked
from regtui.ui.text import MUTED, Line, line
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines


def fitting_keys(room: int, *, before_runs: bool = True) -> list[Key]:
    """The keys that fit into `room` cells with two cells between them, in the order of the table."""
    chosen: list[Key] = []
    for key in footer_keys(before_runs=before_runs):
        if sum(_width(one) + 2 for one in [*chosen, key]) - 2 > room:
            break
        chosen.append(key)
    always_last = [key for key in chosen if key.action in ("command_palette", "help")]
    return [*(key for key in chosen if key not in always_last), *always_last]


def footer_line(room: int, *, before_runs: bool = True) -> Line:
    """The whole line."""
    parts: list[tuple[str, str]] = []
    for i, key in enumerate(fitting_keys(room, before_runs=before_runs)):
        parts += [("  " if i else "", ""), (key.short, "bold $accent"), (f" {key.label}", MUTED)]
    return line(*parts)


def key_at(x: int, room: int, *, before_runs: bool = True) -> Key | None:
    """The key that stands at a column."""
    start = 0
    for key in fitting_keys(room, before_runs=before_runs):
        if start <= x < start + _width(key):
            return key
        start += _width(key) + 2
    return None


def _width(key: Key) -> int:
    return len(key.short) + 1 + len(key.label)


class Footer(Lines):
    """The bottom line of the explorer."""

    DEFAULT_CSS = """
    Footer { height: 1; padding: 0 1; background: $panel; }
    """

    can_focus = False

    def __init__(self, view: View) -> None:
        super().__init__(id="footer")
        self._view = view

    def show_view(self) -> None:
        """Follow the view."""
        self.show([footer_line(self.room, before_runs=self._view.session.can_predict)])

    def on_resize(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        key = key_at(offset.x, self.room, before_runs=self._view.session.can_predict)
        if key is not None:
            self.post_message(ActionPicked(key.action))
