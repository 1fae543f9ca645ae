"""Lines in and out of a process, without ever making the one who trains wait."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from regtui.outbox import Outbox

WRITE_INTERVAL = 0.05
"""Seconds between two writes: what gathers in between goes out as one."""
CHUNK = 1 << 16


class Sender(Outbox):
    """Writes events to a descriptor."""

    def __init__(self, fd: int, *, on_broken: Callable[[], None]) -> None:
        """`on_broken` is called, on the thread that writes, when the other side is gone."""
        super().__init__("sender", WRITE_INTERVAL)
        self._fd = fd
        self._on_broken = on_broken
        self.begin()

    def pass_on(self, lines: bytes) -> bool:
        text = memoryview(lines)
        try:
            while text:
                text = text[os.write(self._fd, text) :]
        except OSError:
            self._on_broken()
            return False
        return True


def lines(fd: int) -> Iterator[bytes]:
    """The complete, non-empty lines of a descriptor until its end.

    Reads the descriptor itself: a buffered reader that a thread still waits on would abort the interpreter's exit.
    """
    rest = b""
    while chunk := _read(fd):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, CHUNK)
    except OSError:  # the other side is gone in a less polite way
        return b""
