"""Help, made from the table of keys and the glossary; what has the focus is explained first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from regtui.ui.glossary import GLOSSARY
from regtui.ui.keys import Place, of_place
from regtui.ui.text import EMPTY, FAINT, Line, left, line, wrapped
from regtui.ui.widgets.lines import TO_BOTH_ENDS, Lines

_PLACES: tuple[tuple[Place, str], ...] = (
    ("app", "Keys, everywhere"), ("stack", "Keys in the stack pane"), ("arms", "Keys in the arms pane"),
    ("question", "Keys in a question"), ("page", "Keys on the lesson's page"),
    ("augment", "Keys in the augmentation"), ("modes", "Keys in train() against eval()"),
    ("truth", "Keys in BatchNorm laid open"), ("subnetworks", "Keys in sub-networks"),
    ("compare", "Keys in the comparison"), ("filter", "Keys in its filter"),
    ("watch", "Keys on stored runs"), ("sweep", "Keys on a sweep"),
)  # fmt: skip


_OVER_ALL: tuple[Place, ...] = ("augment", "modes", "truth", "subnetworks", "compare", "filter", "watch", "sweep")
"""Screens of their own, on which the keys of the explorer do not work."""


def place_of(ids: Sequence[str]) -> Place | None:
    """Where help was asked for: the innermost place that has keys of its own.

    ids  of the focused widget and of what is around it, from the inside out; they begin with the place's name
    """
    own = [place for place, _ in _PLACES if place != "app"]
    return next((place for id in ids for place in own if id == place or id.startswith(f"{place}-")), None)


def help_lines(room: int, first: str = "", here: Place | None = None) -> list[Line]:
    """The whole text; `first` is the id of the pane that comes first, with the keys of the place `here`."""
    order = [first] if first in GLOSSARY else []
    rows: list[Line] = []
    for name in order:
        rows += _entry(name, room)
    places = sorted(_PLACES, key=lambda one: (one[0] != here, here in _OVER_ALL and one[0] == "app"))
    for place, title in places:
        rows += [heading(title, room)]
        for key in of_place(place):
            rows += wrapped(key.help, room, "", line((left(key.shown, 18), "bold $accent")))
        rows.append(EMPTY)
    for name in GLOSSARY:
        if name not in order:
            rows += _entry(name, room)
    return rows


def _entry(name: str, room: int) -> list[Line]:
    title, paragraphs = GLOSSARY[name]
    rows = [heading(title, room)]
    for text in paragraphs:
        rows += wrapped(text, room)
    return [*rows, EMPTY]


def heading(title: str, room: int) -> Line:
    """A title with a rule for the rest of the row."""
    return line((title, "bold $primary"), (" " + "─" * max(room - len(title) - 1, 0), FAINT))


class HelpText(Lines, can_focus=True):
    """Scrolls."""

    BINDINGS = TO_BOTH_ENDS

    def __init__(self, first: str, here: Place | None) -> None:
        super().__init__(id="help-text")
        self._first, self._here = first, here

    def on_resize(self) -> None:
        self.show(help_lines(self.room, self._first, self._here))


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    BINDINGS = [
        Binding(key, "dismiss", "close", show=False) for key in ("escape", "question_mark", "q", "enter", "space")
    ]

    def __init__(self, first: str = "", here: Place | None = None) -> None:
        super().__init__()
        self._first, self._here = first, here

    def compose(self) -> ComposeResult:
        with Vertical(id="help", classes="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "↑ ↓ j k scroll · escape closes"
            yield HelpText(self._first, self._here)
