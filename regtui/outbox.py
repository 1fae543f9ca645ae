"""Events on their way out of a process, a few messages a second, without ever making the one who trains wait."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque

from regtui import events
from regtui.events import Event


class Outbox(ABC):
    """Passes events on from a thread of its own, in their order; what gathers between two messages goes as one."""

    def __init__(self, name: str, interval: float) -> None:
        """`name` is that of the thread, `interval` the seconds between two messages."""
        self._interval = interval
        self._pending: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._pass_all_on, name=name, daemon=True)

    def begin(self) -> None:
        """Start passing on; called once."""
        self._thread.start()

    def put(self, event: Event) -> None:
        """Have an event passed on soon; never waits for those who read. Events keep their order."""
        with self._changed:
            self._pending.append(event)
            self._changed.notify()

    def close(self, timeout: float | None = None) -> None:
        """Pass on what is pending and end; gives up after `timeout` seconds, None: never."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    @abstractmethod
    def pass_on(self, lines: bytes) -> bool:
        """Give away some events, a line each; on the thread. False: nobody takes them any more."""

    def _pass_all_on(self) -> None:
        while batch := self._next_batch():
            if not self.pass_on(b"".join(map(events.encode, batch))):
                return
            if not self._closing:
                time.sleep(self._interval)

    def _next_batch(self) -> list[Event]:
        """Everything pending, as soon as there is something; empty: closed and all passed on."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            batch = list(self._pending)
            self._pending.clear()
            return batch
