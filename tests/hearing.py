"""What a runner delivers, as a test waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from regtui.runner import Report


class Heard(list[Report]):
    """Everything delivered, and waiting for a part of it."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def deliver(self, report: Report) -> None:
        self.append(report)
        self._news.set()

    async def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def of(self, kind: type) -> list[Report]:
        return [report for report in self if isinstance(report, kind)]

    async def until_heard(self, kind: type, count: int = 1) -> list[Report]:
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)
