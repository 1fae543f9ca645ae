"""What a runner reports, as a command without a screen waits for it: until the user interrupts."""

from __future__ import annotations

import asyncio

from regtui.runner.reports import Report


class WaitEndedError(Exception):
    """The user interrupted; nobody waits for the next report any more."""


class Heard:
    """A queue of reports whose end may come at any moment."""

    def __init__(self) -> None:
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()

    def put(self, report: Report) -> None:
        """Have a report waited for."""
        self._reports.put_nowait(report)

    def end(self) -> None:
        """Whoever waits, now or later, is told that it is over."""
        self._reports.put_nowait(None)

    async def next(self) -> Report:
        """The next report. Raises WaitEndedError."""
        report = await self._reports.get()
        if report is None:
            self.end()  # for the next one who asks
            raise WaitEndedError
        return report
