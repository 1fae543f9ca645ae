"""The way of bytes to a terminal: at once where it takes them, else as soon as it does, without waiting for it.

Textual hands what it draws to a thread. That thread gets its turn when the event loop rests, or after the interpreter's
switch interval: the answer to a key waits for work that has nothing to do with it. And where nobody reads the
terminal the queue of that thread fills, and the event loop stands still with it.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Callable

MOST = 1 << 16
"""Bytes that may wait for a terminal; one that lets more of them wait is read by nobody."""
FAREWELL = 0.5
"""Seconds that a terminal has to take the rest at the end."""


class Outlet:
    """Writes to one terminal without blocking, from one thread: that of the running event loop."""

    def __init__(self, fd: int, on_drained: Callable[[], object]) -> None:
        """`fd` leads to the terminal; `on_drained` is called when it has taken all after it had been full.

        Raises OSError where the terminal cannot be opened by its name, as in a container that does not know it.
        """
        # Opened once more: not to block belongs to the open file, and the shell has the same one.
        self._fd = os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self._loop = asyncio.get_running_loop()
        self._on_drained = on_drained
        self._waiting = bytearray()
        self._was_full = False

    @property
    def is_full(self) -> bool:
        """Nobody reads: whatever can be drawn again later need not be written now."""
        self._was_full = self._was_full or len(self._waiting) > MOST
        return self._was_full

    def write(self, data: bytes) -> None:
        """Write all of it, in the order of the calls."""
        if self._waiting:
            self._waiting += data
            return
        rest = self._take(data)
        if rest:
            self._waiting += rest
            self._loop.add_writer(self._fd, self._drain)

    def close(self) -> None:
        """Wait a moment for what is left to be taken; then nothing can be written any more."""
        self._loop.remove_writer(self._fd)
        deadline = time.monotonic() + FAREWELL
        while self._waiting and (left := deadline - time.monotonic()) > 0:
            select.select([], [self._fd], [], left)
            self._waiting = bytearray(self._take(self._waiting))
        os.close(self._fd)

    def _drain(self) -> None:
        self._waiting = bytearray(self._take(self._waiting))
        if not self._waiting:
            self._loop.remove_writer(self._fd)
            if self._was_full:
                self._was_full = False
                self._on_drained()

    def _take(self, data: bytes | bytearray) -> bytes | bytearray:
        """Write what the terminal takes now; the rest."""
        view = memoryview(data)
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, view[written:])
        except BlockingIOError:
            return data[written:]
        except OSError:  # the terminal is gone, which others notice
            return b""
        return b""
