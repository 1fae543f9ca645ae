"""What commands with a screen need before they open one."""

from __future__ import annotations

import os
import sys

FRAMES_A_SECOND = 250
"""At most. Nothing is painted but what changed: this says only how soon one frame may follow another."""


def paint_at_once() -> None:
    """Have Textual paint what a key changed as soon as that is known; before Textual is imported.

    Its own 60 frames a second let the answer wait for up to 17 ms after every frame that a growing chart has caused.
    """
    os.environ.setdefault("TEXTUAL_FPS", str(FRAMES_A_SECOND))


def lacks_terminal(what: str, instead: str) -> str:
    """A sentence where there is no terminal to draw on, else "". `instead` is what works without one."""
    # Textual draws on stderr, so a redirected one would leave the screen black.
    streams = {"standard input": sys.stdin, "standard output": sys.stdout, "standard error": sys.stderr}
    if "TEXTUAL_DRIVER" in os.environ:  # set by `regtui serve`, whose pages come through pipes
        return ""
    for name, stream in streams.items():
        if not stream.isatty():
            return f"{what} needs a terminal, and {name} is none; {instead} works without one"
    if (term := os.environ.get("TERM", "").lower()) in ("dumb", "unknown"):
        return (
            f"{what} needs a terminal that can move its cursor, and TERM says that this one is {term}; set "
            f"TERM=xterm-256color if it can, else {instead} works without one"
        )
    return ""
