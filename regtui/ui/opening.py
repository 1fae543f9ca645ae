"""The first picture: where one is and what the question is, drawn before anything else of the screen is imported.

Textual and the screens take half a second until they can draw. What is drawn here stands where the explorer then
shows the same, so that nothing jumps when the rest appears around it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.control import Control
from rich.style import Style
from rich.text import Text

from regtui.scenario import Scenario
from regtui.ui.shades import DARK, Shades
from regtui.ui.signs import charset, to_ascii
from regtui.ui.text import MUTED, RULE, Line, line, spread, width, wrapped

LEAST = (80, 24)
"""Columns and rows below which there is no first picture: the explorer has other places there."""
LOADING = "loading PyTorch…"


class Place(NamedTuple):
    """Where the explorer has its lesson, and how much room for it; app.tcss says the same, and a test compares."""

    x: int
    """Column of the rule with the title."""
    y: int
    """Its row; negative: counted from the end."""
    text: int
    """Column of the question."""
    right: int
    """Cells that stay free at its right."""


TALL, TALLER = 38, 3
"""Rows from which on the lesson has more of them, and how many more."""
NARROW, NORMAL, WIDE = Place(36, 1, 37, 2), Place(48, -12, 49, 4), Place(59, -14, 60, 4)


class Piece(NamedTuple):
    """A line and where it begins."""

    x: int
    y: int
    line: Line


def pieces(scenario: Scenario, columns: int, rows: int) -> list[Piece]:
    """The first picture on a screen of this size."""
    place = NARROW if columns < 100 else NORMAL if columns < 160 else WIDE
    edge = 0 if place is NARROW else 1
    title = _rule("Lesson", columns - place.x - edge)
    room = columns - place.text - place.right
    top = (place.y - TALLER * (place.y < 0 and rows >= TALL)) % rows
    question = [Piece(place.text, top + 1 + i, row) for i, row in enumerate(_question(scenario, room))]
    return [
        Piece(0, 0, header(scenario, columns)),
        Piece(edge, 1, _rule("Stack", place.x - 2 * edge)),
        Piece(place.x, top, title),
        *question,
    ]


def header(scenario: Scenario, columns: int) -> Line:
    """The top line as the explorer has it while its worker loads."""
    room = columns - 2
    state = line((LOADING, MUTED))
    brand, title = ("regtui", "bold $primary"), (scenario.title, "bold")
    path = line(brand, "  ", (f"{scenario.section} › ", MUTED), title)
    short = line(brand, "  ", title)
    return line(" ", *spread(path if width(path) + 2 <= room - width(state) else short, state, room), " ")


def _question(scenario: Scenario, room: int) -> list[Line]:
    return wrapped(scenario.question, room, "bold $foreground")


def _rule(title: str, room: int) -> Line:
    return line(("─ ", RULE), (title, "bold"), " ", ("─" * max(room - len(title) - 3, 0), RULE))


_REPORTS_NOTHING = "".join(f"\x1b[?{mode}l" for mode in (1000, 1003, 1006, 1015, 1004, 2004))
"""Mouse, focus and paste are no longer reported: Textual may have been interrupted while it asked for them."""


@contextmanager
def opening(scenario: Scenario, shades: Shades = DARK) -> Iterator[None]:
    """Draw the first picture, and take it away again should the explorer not begin after all.

    Garbage is not looked for meanwhile: everything that is imported and mounted stays, and to go through all of it
    several times takes a tenth of the start. `settle` ends that.
    """
    gc.disable()
    console = Console(file=sys.__stderr__, force_terminal=True, highlight=False)
    columns, rows = console.size
    fits = columns >= LEAST[0] and rows >= LEAST[1]
    # Another driver than that of a terminal, a browser's say, has another place to draw on.
    is_drawn = fits and not console.is_dumb_terminal and "TEXTUAL_DRIVER" not in os.environ
    _exit_when_told()
    try:
        if is_drawn:  # in here: an interrupt may come between any two bytes
            console.file.write(drawn(console, pieces(scenario, columns, rows), shades))
            console.file.flush()
        yield
    except BaseException:
        if is_drawn:
            console.file.write(_REPORTS_NOTHING)
            console.control(Control.alt_screen(False), Control.show_cursor(True))
        settle()
        raise


def _exit_when_told() -> None:
    """Until the explorer hears signals itself they end it as an exception does: what was drawn is taken away."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # not every system has both
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda told, _: sys.exit(128 + told))


def settle() -> None:
    """Garbage is looked for again, and what is there by now is taken for none."""
    gc.freeze()
    gc.enable()


def drawn(console: Console, picture: list[Piece], shades: Shades) -> str:
    """What has to be written to the terminal."""
    few = charset(console.encoding) == "ascii"
    ground = f"on {shades.background}"
    with console.capture() as captured:
        console.control(Control.alt_screen(True), Control.show_cursor(False))
        for y in range(console.height):
            console.control(Control.move_to(0, y))
            console.print(" " * console.width, style=ground, end="", soft_wrap=True)
        for x, y, fragments in picture:
            console.control(Control.move_to(x, y))
            under = f"on {shades.panel}" if y == 0 else ground
            for text, style in fragments:
                look = Style.parse(f"{shades.foreground} {under} {_named(style, shades)}")
                console.print(Text(to_ascii(text) if few else text, look), end="", soft_wrap=True)
    return captured.get()


def _named(style: str, shades: Shades) -> str:
    """The style with its colours in the place of their names."""
    words = (getattr(shades, word[1:].replace("-", "_")) if word[0] == "$" else word for word in style.split())
    return " ".join(words)
