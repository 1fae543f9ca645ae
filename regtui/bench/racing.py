"""Four arms at once against the same one after the other, and one run watched against one that nobody sees."""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass
from pathlib import Path

from regtui import events
from regtui.bench.workers import Deliver, Workers
from regtui.commands import RunRequest
from regtui.events import Finished, RunEvent
from regtui.runner import Report
from regtui.scenario import Scenario, run_spec
from regtui.store import Recorder, new_run_id

SCREEN = (120, 40)


@dataclass(frozen=True, slots=True)
class Raced:
    """Wall time of all arms, from the request to the last end, with warm workers."""

    together: float
    serial: float
    samples: int
    """Training samples of all arms."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The same run with and without somebody looking."""

    live: float
    """Steps a second: probes, evaluation points, store and the explorer's screen."""
    headless: float
    """Steps a second: evaluation points, nothing else."""
    traffic: float
    """Bytes of events a second of the watched run."""


async def race(workers: Workers, scenario: Scenario, device: str) -> Raced:
    """All arms at once, then one by one on the same workers. Raises BenchError."""
    began = time.perf_counter()
    finished = await workers.make(requests(scenario, device))
    together = time.perf_counter() - began
    began = time.perf_counter()
    for request in requests(scenario, device):
        await workers.make([request])
    serial = time.perf_counter() - began
    batch = scenario.arms[0].train.batch_size
    return Raced(together, serial, sum(run.step for run in finished) * batch)


async def watch(workers: Workers, live: Scenario, headless: Scenario, device: str, store: Path) -> Watched:
    """One run each way on the first worker. Raises BenchError."""
    seen, traffic = await _explored(workers, live, device, store)
    (unseen,) = await workers.make(requests(headless, device))
    return Watched(_rate(seen), _rate(unseen), traffic / seen.wall_seconds)


def requests(scenario: Scenario, device: str) -> list[RunRequest]:
    """A run of each arm with seed 0."""
    return [RunRequest(run=new_run_id(), spec=run_spec(scenario.id, arm, 0, device=device)) for arm in scenario.arms]


def _rate(run: Finished) -> float:
    """Steps a second, with everything that happens between them."""
    return run.step / run.wall_seconds


async def _explored(workers: Workers, scenario: Scenario, device: str, store: Path) -> tuple[Finished, int]:
    """A run in the explorer itself, whose screen is drawn into memory; gives its end and its bytes of events."""
    from regtui.ui.app import RegtuiApp

    told = 0
    borrowed: list[Deliver] = []

    def lend(deliver: Deliver) -> Workers:
        borrowed.append(deliver)
        return workers

    app = RegtuiApp(scenario, runner=lend, recorder=Recorder(store), device=device)
    async with app.run_test(size=SCREEN):
        # Reports come on tasks older than the app; inside it they would have its context.
        context = contextvars.copy_context()

        def heard(report: Report) -> None:
            nonlocal told
            if isinstance(report, RunEvent):
                told += len(events.encode(report))
            context.run(borrowed[0], report)

        session = app.view.session
        wanted = session.request([arm.name for arm in session.arms], [0])
        (finished,) = await workers.make(wanted, heard)
    return finished, told
