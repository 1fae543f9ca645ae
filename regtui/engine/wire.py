"""Lines in and out of a process, without ever making the one who trains wait."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from regtui import events
from regtui.events import Event

WRITE_INTERVAL = 0.05
"""Seconds between two writes: what gathers in between goes out as one."""
CHUNK = 1 << 16


class Sender:
    """Writes events to a descriptor from a thread of its own."""

    def __init__(self, fd: int, *, on_broken: Callable[[], None]) -> None:
        """`on_broken` is called, on that thread, when the other side is gone."""
        self._fd = fd
        self._on_broken = on_broken
        self._pending: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._write_all, name="sender", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Have an event written soon; never waits for the reader. Events keep their order."""
        with self._changed:
            self._pending.append(event)
            self._changed.notify()

    def close(self, timeout: float) -> None:
        """Write what is pending and end; gives up after `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _write_all(self) -> None:
        while batch := self._next_batch():
            text = memoryview(b"".join(events.encode(event) for event in batch))
            try:
                while text:
                    text = text[os.write(self._fd, text) :]
            except OSError:
                self._on_broken()
                return
            if not self._closing:
                time.sleep(WRITE_INTERVAL)

    def _next_batch(self) -> list[Event]:
        """Everything pending, as soon as there is something; empty: closed and all written."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            batch = list(self._pending)
            self._pending.clear()
            return batch


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
