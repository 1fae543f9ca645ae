"""What the terminal can show, and what to do when it is gone."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Mapping

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from regtui.ui.charts import Charset, Colors

_SIGNS = {
    "●": "o", "○": ".", "▲": "^", "■": "#", "□": "-", "◆": "+", "▼": "v", "★": "*", "•": "o", "·": ".", "…": "~",
    "✔": "V", "✘": "X", "›": ">", "−": "-", "±": "~", "×": "x", "–": "-", "‖": "=", "▸": ">", "▾": "v", "━": "=",
    "▏": "|", "░": ".", "α": "a", "λ": "l", "ε": "e", "σ": "s", "β": "b", "γ": "g", "°": "d", "←": "<", "→": ">",
    "↑": "^", "↓": "v", "─": "-", "╌": "-", "┈": ".", "│": "|", "╎": ":", "╭": "+",
    "╮": "+", "╰": "+", "╯": "+", "█": "#", "▒": "%", "»": ">",
}  # fmt: skip
"""The nearest ASCII sign of each sign that the screens use."""

_BLOCKS = "▁▂▃▄▅▆▇"
_TABLE = str.maketrans({**_SIGNS, **{block: str(i + 1) for i, block in enumerate(_BLOCKS)}})


def charset(encoding: str | None = None, environ: Mapping[str, str] = os.environ) -> Charset:
    """Braille and signs, or ASCII alone: where the output's encoding cannot carry them or the terminal has no font.

    `encoding` is that of the stream which the screen is written to, by default the process's own. An explicit
    LC_ALL=C counts too: Python then writes UTF-8 all the same, but tmux and others show it as underscores.
    """
    # Textual writes to standard error, which under a redirected standard output is another stream.
    streams = (sys.__stdout__, sys.__stderr__)
    names = [encoding] if encoding else [stream.encoding for stream in streams if stream is not None]
    if any("utf" not in name.lower() for name in names):
        return "ascii"
    if environ.get("LC_ALL", "") in ("C", "POSIX") or environ.get("TERM", "") in ("linux", "vt100", "vt220"):
        return "ascii"
    return "braille"


def colors(color_system: str | None, environ: Mapping[str, str] = os.environ) -> Colors:
    """How many colours charts may count on, from the name that Rich gives the terminal's."""
    if environ.get("NO_COLOR"):
        return "none"
    names: dict[str | None, Colors] = {"truecolor": "true", "256": "256", "standard": "16", "windows": "16"}
    return names.get(color_system, "none")


def to_ascii(text: str) -> str:
    """The same text, cell for cell, without anything outside of ASCII."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else "?" for char in text.translate(_TABLE))


class AsciiFilter(LineFilter):
    """Everything that goes to the terminal, Textual's own frames included, in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


def when_hung_up(fd: int, call: Callable[[], None]) -> None:
    """Call from a thread of its own once the terminal behind `fd` is gone.

    SIGHUP says the same, but not to a process that ignores it (nohup); reading such a terminal then spins for ever.
    """
    if not hasattr(select, "poll") or not os.isatty(fd):
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
