"""The web server of `regtui serve`; importing it needs the extra `serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

FAREWELL = 5.0
"""Seconds that open explorers have to quit."""
HEARD = 0.2
"""Seconds for the event loop to hear that their processes have ended; closed before, it complains."""


class WebServer(Server):  # type: ignore[misc]  # of an extra, unknown to the check
    """textual-serve's server: one explorer a page, and none for pages of other sites.

    A browser lets any page open a websocket to this machine. Without a look at where it comes from, whatever the user
    reads elsewhere could press keys here (https://owasp.org/www-community/attacks/csrf).
    """

    def __init__(self, command: str, host: str, port: int, url: str | None = None) -> None:
        """`url` is the address under which browsers see the server, where that is another one (a proxy, a name)."""
        shown = f"[{host}]" if ":" in host else host
        self._pages: set[asyncio.Task[object]] = set()
        super().__init__(command, host=host, port=port, title="regtui", public_url=url or f"http://{shown}:{port}")

    def initialize_logging(self) -> None:
        """Only what goes wrong; not every request."""
        logging.basicConfig(level=logging.WARNING, format="regtui serve: %(message)s")

    async def on_startup(self, _: web.Application) -> None:
        print(f"regtui is at {self.public_url}  (ctrl+c ends it; every page is an explorer of its own)", flush=True)

    async def handle_websocket(self, request: web.Request) -> web.StreamResponse:
        """Refuses a page that this server did not send."""
        origin = request.headers.get("Origin", "")
        allowed = urlsplit(self.public_url).netloc
        if urlsplit(origin).netloc != allowed or request.host != allowed:
            page = f"A page of {origin}" if origin else "Another program"
            raise web.HTTPForbidden(text=f"{page} may not use the explorer of {allowed}.")
        task = asyncio.current_task()
        assert task is not None
        self._pages.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._pages.discard(task)

    async def on_shutdown(self, _: web.Application) -> None:
        """Have the explorers of open pages quit, and with them their workers."""
        for task in self._pages:
            task.cancel()
        if self._pages:
            deadline = time.monotonic() + FAREWELL
            await asyncio.wait(self._pages, timeout=FAREWELL)
            while _has_children() and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
            await asyncio.sleep(HEARD)


def _has_children() -> bool:
    """Whether a process that was started here is still to be waited for; no where the system does not tell."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except (AttributeError, ChildProcessError):
        return False
    return True
