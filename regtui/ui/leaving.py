"""Leaving for good: signals, a terminal that is gone, and the deadline after which nothing is waited for any more."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from regtui.ui.terminal import when_hung_up

DEADLINE = 1.8
"""Seconds that an orderly end may take once the process was told to go."""
PATIENCE = 0.7
"""Seconds after which the workers are told without the event loop, so that a second is left for their checkpoints."""

_RESTORE = b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?25h\x1b[?1049l"
"""Mouse, paste and focus reports off, cursor on, back from the alternate screen."""


def leave_when_told(
    leave: Callable[[int], None], tell_workers: Callable[[], None], last_resort: Callable[[], None]
) -> None:
    """Call `leave` with an exit code on SIGTERM, SIGHUP, SIGINT or the loss of the terminal; runs on the event loop.

    An event loop that is blocked on a terminal nobody reads takes no orders: if the process is still there after
    `PATIENCE`, `tell_workers` is called, and after `DEADLINE` `last_resort`, upon which it ends at once.
    """
    loop = asyncio.get_running_loop()
    terminal = _Terminal()
    told: SimpleQueue[int] = SimpleQueue()
    """Exit codes; the first one counts."""

    def end() -> None:
        code = told.get()
        with suppress(RuntimeError):  # the loop has ended in the meantime
            loop.call_soon_threadsafe(leave, code)
        time.sleep(PATIENCE)
        with suppress(Exception):  # whatever cannot be done any more must not keep the process
            tell_workers()
        time.sleep(DEADLINE - PATIENCE)
        with suppress(Exception):
            last_resort()
        with suppress(Exception):
            terminal.restore()
        os._exit(code)

    threading.Thread(target=end, name="deadline", daemon=True).start()
    # Not the loop's own handlers: those wait for the loop, which may be what is stuck. An interrupt would cancel the
    # main task, once, and whoever that task waits for may take the cancellation for its own. A handler comes between
    # any two steps of the program, another handler's too, so it may take no lock; this queue has none.
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, lambda number, _: told.put(128 + number))
    when_hung_up(terminal.fd, lambda: told.put(128 + signal.SIGHUP))


class _Terminal:
    """The terminal's modes as they were found."""

    def __init__(self) -> None:
        self.fd = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        self._modes: list[object] | None = None
        try:
            import termios

            self._modes = termios.tcgetattr(self.fd)
        except Exception:
            # No terminal, or a system without termios: nothing to put back.
            return

    def restore(self) -> None:
        """As far as it goes without waiting for anyone. Raises OSError or termios.error where the terminal is gone."""
        if self._modes is None:
            return
        import termios

        termios.tcsetattr(self.fd, termios.TCSANOW, self._modes)  # type: ignore[arg-type]
        os.set_blocking(2, False)
        try:
            os.write(2, _RESTORE)
        finally:
            os.set_blocking(2, True)  # the shell has the same open file
