"""Questions to a worker before anything runs: what a model is made of, what a run would take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from regtui.commands import Probe
from regtui.events import Answer
from regtui.runner import Lost, Report, Runner
from regtui.scenario.errors import Problem, ScenarioError
from regtui.spec import RunSpec

Kind = Literal["model", "cost"]


class Asked(Protocol):
    """What answers probes: workers, or the nodes of a cluster."""

    def probe(self, probe: Probe) -> None: ...


async def answers(
    runner: Asked, heard: Callable[[], Awaitable[Report]], kind: Kind, specs: Sequence[RunSpec], source: str
) -> list[Answer]:
    """What a runner's worker answers of each spec, in order.

    heard   gives the next report of the runner
    source  is named in errors

    Raises ScenarioError where there is trouble or no worker.
    """
    found: list[Answer] = []
    for number, spec in enumerate(specs):
        runner.probe(Probe(ask=f"{kind} {number}", spec=spec, kind=kind))
        while not isinstance(report := await heard(), Answer):
            if isinstance(report, Lost):
                raise ScenarioError(source, [Problem("", report.sentence)])
        if report.trouble:
            raise ScenarioError(source, [Problem("", report.trouble.replace(" cannot be shown: ", ": ", 1))])
        found.append(report)
    return found


def ask(command: list[str], kind: Kind, specs: Sequence[RunSpec], source: str) -> list[Answer]:
    """The same of a worker that is started for it. Raises ScenarioError."""
    return asyncio.run(_ask(command, kind, specs, source))


async def _ask(command: list[str], kind: Kind, specs: Sequence[RunSpec], source: str) -> list[Answer]:
    heard: asyncio.Queue[Report] = asyncio.Queue()
    runner = Runner(command, heard.put_nowait)
    try:
        return await answers(runner, heard.get, kind, specs, source)
    finally:
        await runner.close()
