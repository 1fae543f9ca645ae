"""The keys of a screen in one line, as many as fit; each can be clicked."""

from __future__ import annotations

from textual import events

from regtui.ui.keys import Key, Place, of_place
from regtui.ui.messages import ActionPicked
from regtui.ui.text import MUTED, Line, line
from regtui.ui.widgets.lines import Lines

LAST = ("app.help", "screen.close", "screen.dismiss")
"""Always at the end, however important they are."""


def fitting(place: Place, room: int) -> list[Key]:
    """The most important keys of a place that fit into `room` cells, with two cells between them."""
    chosen: list[Key] = []
    for key in sorted((key for key in of_place(place) if key.footer), key=lambda key: key.footer):
        if sum(_width(one) + 2 for one in [*chosen, key]) - 2 > room:
            break
        chosen.append(key)
    return sorted(chosen, key=lambda key: key.action in LAST)


def keys_line(place: Place, room: int) -> Line:
    """The whole line."""
    parts: list[tuple[str, str]] = []
    for i, key in enumerate(fitting(place, room)):
        parts += [("  " if i else "", ""), (key.short, "bold $accent"), (f" {key.label}", MUTED)]
    return line(*parts)


def _width(key: Key) -> int:
    return len(key.short) + 1 + len(key.label)


class KeysLine(Lines):
    """The bottom line of a screen that covers the explorer."""

    DEFAULT_CSS = """
    KeysLine { height: 1; padding: 0 1; background: $panel; }
    """

    can_focus = False

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def on_resize(self) -> None:
        self.show([keys_line(self._place, self.room)])

    def on_click(self, event: events.Click) -> None:
        offset, start = event.get_content_offset(self), 0
        for key in fitting(self._place, self.room):
            if offset is not None and start <= offset.x < start + _width(key):
                self.post_message(ActionPicked(key.action))
            start += _width(key) + 2
