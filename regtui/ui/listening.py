"""Read what a terminal sends, whatever that is: keys, the mouse, answers to questions, and what is none of these.

Textual's own reader takes every sequence for well-formed and every byte for UTF-8, and ends the program with a
traceback otherwise: at an é of a terminal that speaks Latin-1, or at a key number beyond all characters.
"""

from __future__ import annotations

import os
import selectors
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable

from textual._xterm_parser import XTermParser  # there is no public name for it; Textual is pinned
from textual.message import Message

CHUNK = 4096
"""Bytes that are read at a time."""
CTRL_C = b"\x03"
ESCAPE = b"\x1b"
TICK = 0.1
"""Seconds after which an escape that nothing follows counts as the key of that name, as in Textual's drivers."""


class Listener:
    """Makes messages of the bytes of a terminal; a sequence that cannot be one is dropped."""

    def __init__(self, tell: Callable[[Message], object]) -> None:
        self._tell = tell
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._parser = XTermParser()

    def take(self, data: bytes) -> None:
        """Tell of what these bytes complete; then of what has waited long enough."""
        if data == CTRL_C or data.endswith(ESCAPE + CTRL_C):
            # Typed: it leaves, even where half a sequence or a paste without an end is open, or an escape that came
            # just before it would make another key of it.
            self._feed(data[: -len(ESCAPE + CTRL_C)])
            self._parser = XTermParser()
            data = CTRL_C
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        for char in self._decode(data):  # one by one: what follows a sequence that is dropped is kept
            self._tell_of(self._parser.feed(char))
        self._tell_of(self._parser.tick())

    def _tell_of(self, messages: Iterable[Message]) -> None:
        """The parser works while its messages are taken."""
        try:
            found = list(messages)
        except Exception:  # whichever way it trips over input, the next sequence begins anew
            self._parser = XTermParser()
            return
        for message in found:
            self._tell(message)


def listen(fd: int, leaving: threading.Event, tell: Callable[[Message], object]) -> None:
    """Tell of all that a terminal sends until it is left, or gone. Raises OSError where it cannot be read."""
    listener = Listener(tell)
    with selectors.SelectSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while True:
            is_last = leaving.is_set()
            data = b""
            if selector.select(TICK) and not (data := os.read(fd, CHUNK)):
                return
            listener.take(data)
            if is_last:
                return
