"""The product's own worker processes, measured from outside: how long runs take together, alone and watched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from regtui.bench.protocol import BenchError
from regtui.commands import RunRequest
from regtui.events import TERMINAL_EVENTS, Failed, Finished
from regtui.runner import Lost, Ready, Report, Runner, default_command

Deliver = Callable[[Report], None]


class Workers(Runner):
    """A pool that stays warm until `end`, whoever borrows and closes it in between."""

    def __init__(self, count: int, store: Path) -> None:
        super().__init__(default_command(store), lambda _: None, workers=count)
        self.count = count

    async def close(self) -> None:
        """Nothing: an explorer closes its runner when it ends, and these workers are used again."""

    async def end(self) -> None:
        """End all workers."""
        await super().close()

    async def start(self) -> float:
        """Start them; gives the seconds until all have said hello. Raises BenchError where one does not."""
        began, done = time.perf_counter(), Outcome(self.count)

        def heard(report: Report) -> None:
            if isinstance(report, Ready):
                done.add(report)
            elif isinstance(report, Lost):
                done.fail(report.sentence)

        self.deliver = heard
        self.warm()
        await done.all()
        return time.perf_counter() - began

    async def make(self, requests: Sequence[RunRequest], watch: Deliver = lambda _: None) -> list[Finished]:
        """Make runs, as many at once as there are workers; `watch` hears everything.

        Raises BenchError for a run that does not finish.
        """
        done = Outcome(len(requests))

        def heard(report: Report) -> None:
            watch(report)
            match report:
                case Finished():
                    done.add(report)
                case Lost(sentence=sentence):
                    done.fail(sentence)
                case _ if isinstance(report, TERMINAL_EVENTS):
                    why = report.message if isinstance(report, Failed) else f"it {type(report).__name__.lower()}"
                    done.fail(f"A run of the benchmark did not finish: {why}.")
                case _:
                    pass

        self.deliver = heard
        self.submit(requests)
        return [report for report in await done.all() if isinstance(report, Finished)]


class Outcome:
    """So many reports, or a sentence why they will not come."""

    def __init__(self, wanted: int) -> None:
        self._found: list[Report] = []
        self._wanted = wanted
        self._future: asyncio.Future[list[Report]] = asyncio.get_running_loop().create_future()

    def add(self, report: Report) -> None:
        """One of those that are waited for."""
        self._found.append(report)
        if len(self._found) == self._wanted and not self._future.done():
            self._future.set_result(self._found)

    def fail(self, sentence: str) -> None:
        """They will not all come."""
        if not self._future.done():
            self._future.set_exception(BenchError(sentence))

    async def all(self) -> list[Report]:
        """Wait for all of them. Raises BenchError."""
        return await self._future
