"""An app from its start to its end, without a moment at which an interrupt leaves something half made."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType
from typing import Any

from textual.app import App


def run(app: App[Any]) -> None:
    """Run an app.

    asyncio listens to interrupts once its event loop runs. One that comes while the loop is being made leaves half of
    it, and what Python says of that stands in the user's terminal; here it waits for the loop.

    Raises KeyboardInterrupt once one has ended the app.
    """
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_default or threading.current_thread() is not threading.main_thread():
        app.run()
        return
    main_task: asyncio.Task[None] | None = None
    is_interrupted = False

    def interrupt(_: int, __: FrameType | None) -> None:
        nonlocal is_interrupted
        if is_interrupted:
            raise KeyboardInterrupt  # the second one does not wait for a loop that is stuck
        is_interrupted = True
        if main_task is not None:
            main_task.get_loop().call_soon_threadsafe(main_task.cancel)

    async def until_it_ends() -> None:
        nonlocal main_task
        main_task = asyncio.current_task()
        if is_interrupted:
            raise asyncio.CancelledError
        await app.run_async()

    signal.signal(signal.SIGINT, interrupt)
    try:
        asyncio.run(until_it_ends())
    except asyncio.CancelledError:
        if is_interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
