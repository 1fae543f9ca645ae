"""The way of bytes to a terminal: at once where it takes them, else as soon as it does, without waiting for it.

Textual hands what it draws to a thread. That thread gets its turn when the event loop rests, or after the interpreter's
switch interval: the answer to a key waits for work that has nothing to do with it. And where nobody reads the
terminal the queue of that thread fills, and the event loop stands still with it.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import time
from collections import deque
from collections.abc import Callable

MOST = 1 << 16
"""Bytes that may wait for a terminal; one that lets more of them wait is read by nobody."""
FAREWELL = 1.0
"""Seconds without a byte taken after which nobody is waited for at the end; a slow line takes some now and then."""


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
        self._waiting: deque[bytes] = deque()
        self._has_begun = False
        """Whether the terminal has a part of the first one that waits."""
        self._was_full = False

    @property
    def is_full(self) -> bool:
        """Nobody reads: whatever can be drawn again later need not be written now."""
        self._was_full = self._was_full or self._count > MOST
        return self._was_full

    def write(self, data: bytes) -> None:
        """Write all of it, in the order of the calls."""
        is_first = not self._waiting
        self._waiting.append(data)
        if is_first:
            self._take()
            if self._waiting:
                self._loop.add_writer(self._fd, self._drain)

    def forget(self) -> None:
        """Drop what waits, but for the rest of what the terminal has a part of: it would take what follows for that."""
        kept = 1 if self._has_begun else 0
        while len(self._waiting) > kept:
            self._waiting.pop()

    def close(self) -> None:
        """Wait while what is left is being taken; then nothing can be written any more."""
        self._loop.remove_writer(self._fd)
        deadline = time.monotonic() + FAREWELL
        while self._waiting and (left := deadline - time.monotonic()) > 0:
            await_room(self._fd, left)
            if self._take():
                deadline = time.monotonic() + FAREWELL
        os.close(self._fd)

    @property
    def _count(self) -> int:
        """Bytes that wait."""
        return sum(map(len, self._waiting))

    def _drain(self) -> None:
        self._take()
        if not self._waiting:
            self._loop.remove_writer(self._fd)
            if self._was_full:
                self._was_full = False
                self._on_drained()

    def _take(self) -> bool:
        """Write what the terminal takes now. Whether it took any."""
        before = self._count
        try:
            while self._waiting:
                data = self._waiting[0]
                written = os.write(self._fd, data)
                self._has_begun = written < len(data)
                if self._has_begun:
                    self._waiting[0] = data[written:]
                else:
                    self._waiting.popleft()
        except BlockingIOError:
            pass
        except OSError:  # the terminal is gone, which others notice
            self._waiting.clear()
        return self._count < before


def await_room(fd: int, seconds: float) -> None:
    """Wait until a terminal takes bytes again, so many seconds at most."""
    with selectors.DefaultSelector() as selector:  # select.select takes no descriptor above 1023
        selector.register(fd, selectors.EVENT_WRITE)
        selector.select(seconds)
