"""Calls that may wait for a disk, on threads of their own: one after the other, or one whose result is awaited.

A network disk whose server is gone holds a write for as long as it likes. Whoever must go on meanwhile, the event loop
of a screen say, leaves its calls here.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

FAREWELL = 2.0
"""Seconds that are waited for a disk at the end of a process, from one call to the next."""


class Aside:
    """Makes calls in their order; they come from one thread, and must not raise."""

    def __init__(self, name: str) -> None:
        """`name` is that of the thread, which begins with the first call."""
        self._name = name
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._left = 0
        """Calls that were not finished yet; behind the lock, as is the next."""
        self._since: float | None = None

    @property
    def waiting(self) -> int:
        """Calls that were not begun yet."""
        return self._calls.qsize()

    @property
    def behind(self) -> float:
        """Seconds since a call was last finished, or since there was nothing to do; 0 where there is nothing."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    def do(self, call: Callable[[], object]) -> None:
        """Have a call made soon."""
        if self._thread is None:
            # A daemon: the end of the process does not wait for a disk either.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        with self._lock:
            self._left += 1
            if self._since is None:
                self._since = time.monotonic()
        self._calls.put(call)

    def catch_up(self, seconds: float) -> bool:
        """Wait, on any thread, until all is done that was left here so far. False: that takes longer than so long."""
        if self._thread is None:
            return True
        done = threading.Event()
        self.do(done.set)
        return done.wait(seconds)

    def end(self, seconds: float) -> bool:
        """Wait until all is done, and end the thread; a later call begins another one. A slow disk is waited for.

        False: one call takes longer than so long.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._calls.put(None)
        left = -1
        while thread.is_alive() and left != self._left:
            left = self._left
            thread.join(seconds)
        return not thread.is_alive()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            with self._lock:
                self._left -= 1
                self._since = time.monotonic() if self._left else None


async def beside(call: Callable[[], T]) -> T:
    """What a call gives that is made beside the event loop; raises what it raises.

    Unlike `asyncio.to_thread`, nobody waits at the end of the event loop for a call that a disk holds.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if made.cancelled():
            return
        if error is None:
            made.set_result(result)  # type: ignore[arg-type]  # None only where that is what it gave
        else:
            made.set_exception(error)

    def work() -> None:
        result, failed = None, None
        try:
            result = call()
        except BaseException as error:
            failed = error
        with contextlib.suppress(RuntimeError):  # the event loop has ended in the meantime
            loop.call_soon_threadsafe(tell, result, failed)

    threading.Thread(target=work, name="beside", daemon=True).start()
    return await made
