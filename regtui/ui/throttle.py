"""Calls that come in a flood, passed on at most so often; nothing ticks while none come."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.message_pump import MessagePump


class Throttle:
    """Calls `call` at once after a rest, else when `seconds` have passed since the last time."""

    def __init__(self, pump: MessagePump, seconds: float, call: Callable[[], object]) -> None:
        self._pump, self._seconds, self._call = pump, seconds, call
        self._last = 0.0
        self._is_waiting = False

    def poke(self) -> None:
        """Something changed."""
        if self._is_waiting:
            return
        rest = self._last + self._seconds - time.monotonic()
        if rest <= 0:
            self._fire()
        else:
            self._is_waiting = True
            self._pump.set_timer(rest, self._fire)

    def _fire(self) -> None:
        self._is_waiting, self._last = False, time.monotonic()
        self._call()
