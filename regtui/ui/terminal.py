"""What the terminal can show, and what to do when it is gone."""

from __future__ import annotations

import os
import select
import stat
import threading
from collections.abc import Callable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from regtui.ui.charts import Colors
from regtui.ui.signs import charset, to_ascii

__all__ = ["ASCII", "INERT", "charset", "colors", "to_ascii", "when_hung_up"]


def colors(color_system: str | None, environ: Mapping[str, str] = os.environ) -> Colors:
    """How many colours charts may count on, from the name that Rich gives the terminal's."""
    if environ.get("NO_COLOR"):
        return "none"
    names: dict[str | None, Colors] = {"truecolor": "true", "256": "256", "standard": "16", "windows": "16"}
    return names.get(color_system, "none")


class InertFilter(LineFilter):
    """Nothing but what can be printed goes to the terminal: no escape sequence of a file, a worker or a name.

    What is left out takes no cell, so the layout stays.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [
            segment if segment.control else Segment("".join(filter(str.isprintable, segment.text)), segment.style)
            for segment in segments
        ]


class AsciiFilter(LineFilter):
    """Everything that goes to the terminal, Textual's own frames included, in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            Segment(" " * len(text) if _is_scrollbar(style) else to_ascii(text), style, control)
            for text, style, control in segments
        ]


def _is_scrollbar(style: Style | None) -> bool:
    """Its ends are drawn in eighths of a cell, which as signs would read as numbers."""
    return style is not None and style.meta.get("@mouse.down") in ("grab", "scroll_up", "scroll_down")


INERT, ASCII = InertFilter(), AsciiFilter()
"""One of each: Textual keeps what a filter made by the filter itself."""


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def when_hung_up(fd: int, call: Callable[[], None]) -> None:
    """Call from a thread of its own once the terminal behind `fd` is gone, or the server that serves a browser's page.

    SIGHUP says the same, but not to a process that ignores it (nohup); reading such a terminal then spins for ever.
    """
    if not hasattr(select, "poll") or not (os.isatty(fd) or _is_pipe(fd)):
        return

    def watch() -> None:
        poll = select.poll()
        poll.register(fd, 0)  # nothing but hang-up and error, which are always reported
        try:
            poll.poll()
        except OSError:
            return
        call()

    threading.Thread(target=watch, name="terminal-watch", daemon=True).start()
