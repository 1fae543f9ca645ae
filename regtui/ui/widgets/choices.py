"""A list of options for arrows, vi keys and the mouse."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import OptionList


class Choices(OptionList):
    """Textual's list; j and k move as well, g and G go to both ends."""

    BINDINGS = [
        Binding(key, action, "", show=False)
        for key, action in (
            ("j", "cursor_down"), ("k", "cursor_up"), ("g", "first"), ("G,shift+g", "last"),
            ("ctrl+d", "page_down"), ("ctrl+u", "page_up"),
        )
    ]  # fmt: skip
