"""Help, made from the table of keys and the glossary; what has the focus is explained first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from regtui.ui.glossary import GLOSSARY
from regtui.ui.keys import Place, of_place
from regtui.ui.text import EMPTY, RULE, Line, left, line, wrapped
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.lines import TO_BOTH_ENDS, Lines
from regtui.ui.words import word_lines

_PLACES: tuple[tuple[Place, str], ...] = (
    ("app", "Keys, everywhere"), ("stack", "Keys in the stack pane"), ("arms", "Keys in the arms pane"),
    ("charts", "Keys on a chart"),
    ("question", "Keys in a question"), ("page", "Keys on the lesson's page"),
    ("augment", "Keys in the augmentation"), ("modes", "Keys in train() against eval()"),
    ("truth", "Keys in BatchNorm laid open"), ("subnetworks", "Keys in sub-networks"),
    ("compare", "Keys in the comparison"), ("filter", "Keys in its filter"),
    ("watch", "Keys on stored runs"), ("sweep", "Keys on a sweep"),
)  # fmt: skip


_OVER_ALL: tuple[Place, ...] = ("augment", "modes", "truth", "subnetworks", "compare", "filter", "watch", "sweep")
"""Screens of their own, on which the keys of the explorer do not work."""


@runtime_checkable
class Explained(Protocol):
    """A widget with a cursor that can tell what it stands on."""

    def about(self, room: int) -> list[Line]:
        """All that is known of it, in `room` cells."""
        ...


def place_of(ids: Sequence[str]) -> Place | None:
    """Where help was asked for: the innermost place that has keys of its own.

    ids  of the focused widget and of what is around it, from the inside out; they begin with the place's name
    """
    own = [place for place, _ in _PLACES if place != "app"]
    return next((place for id in ids for place in own if id == place or id.startswith(f"{place}-")), None)


About = Callable[[int], list[Line]]
"""Lines of a width about what the cursor stands on."""


def help_lines(room: int, first: str = "", here: Place | None = None, about: About | None = None) -> list[Line]:
    """The whole text: what it is `about`, the pane of the id `first`, the keys of the place `here`, then all the rest.

    The words of the lesson come last, where one key leads.
    """
    order = [first] if first in GLOSSARY else []
    rows = about(room) if about is not None else []
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
    return [*rows, heading("Words", room), *word_lines(room)]


def _entry(name: str, room: int) -> list[Line]:
    title, paragraphs = GLOSSARY[name]
    rows = [heading(title, room)]
    for text in paragraphs:
        rows += wrapped(text, room)
    return [*rows, EMPTY]


def heading(title: str, room: int) -> Line:
    """A title with a rule for the rest of the row."""
    return line((title, "bold $primary"), (" " + "─" * max(room - len(title) - 1, 0), RULE))


def help_at(screen: Screen[object], focused: Widget | None) -> HelpScreen:
    """The help for the place where it is asked for: what has the focus, and what its cursor stands on."""
    around = focused.ancestors_with_self if focused is not None else [screen]
    pane = next((node.id for node in around if node.has_class("pane") and node.id), "")
    own = [screen.id] if screen.id else []  # a screen with keys of its own has them in all of its panes
    place = place_of([*own, *(node.id for node in around if node.id)])
    return HelpScreen(pane, place, focused.about if isinstance(focused, Explained) else None)


class HelpText(Lines, can_focus=True):
    """Scrolls."""

    BINDINGS = TO_BOTH_ENDS

    def __init__(self, first: str, here: Place | None, about: About | None) -> None:
        super().__init__(id="help-text")
        self._first, self._here, self._about = first, here, about

    def on_resize(self) -> None:
        self.show(help_lines(self.room, self._first, self._here, self._about))


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    BINDINGS = [
        Binding(key, "dismiss", "close", show=False) for key in ("escape", "question_mark", "q", "enter", "space")
    ]

    def __init__(self, first: str = "", here: Place | None = None, about: About | None = None) -> None:
        super().__init__()
        self._first, self._here, self._about = first, here, about

    def compose(self) -> ComposeResult:
        with Vertical(id="help", classes="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = hints("↑ ↓ j k scroll", "G words", "escape closes")
            yield HelpText(self._first, self._here, self._about)
