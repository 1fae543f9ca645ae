"""Four arms at once against the same one after the other, and one run watched against one that nobody sees."""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass, field
from pathlib import Path

from regtui import events
from regtui.bench.protocol import Spent
from regtui.bench.slices import Watch
from regtui.bench.workers import Deliver, Workers
from regtui.commands import RunRequest
from regtui.events import Finished, RunEvent, Started
from regtui.runner import Report
from regtui.scenario import Scenario, run_spec
from regtui.store import new_run_id
from regtui.store.beside import RecorderBeside

SCREEN = (120, 40)


@dataclass(slots=True)
class Traffic:
    """What the screens cost besides: what the runs told, and what this process spent on showing it."""

    seconds: list[float] = field(default_factory=list)
    """Length of each run."""
    told: list[int] = field(default_factory=list)
    """Bytes of its events."""
    shown: list[float] = field(default_factory=list)
    """CPU seconds of the explorer meanwhile, its store included."""


async def race(workers: Workers, scenario: Scenario, device: str, *, at_once: bool) -> Spent:
    """All arms, on warm workers, from the request to the last end: at once, or one by one. Raises BenchError."""
    wanted, watch = requests(scenario, device), Watch(workers.pids, this=False)
    if at_once:
        finished = await workers.make(wanted)
    else:
        finished = [run for request in wanted for run in await workers.make([request])]
    return watch.spent(sum(run.step for run in finished))


async def headless(workers: Workers, scenario: Scenario, device: str) -> Spent:
    """A run that nobody sees. Raises BenchError."""
    stretch = _Stretch(workers)
    await workers.make(requests(scenario, device), stretch.heard)
    return stretch.spent


async def live(workers: Workers, scenario: Scenario, device: str, store: Path, traffic: Traffic) -> Spent:
    """A run in the explorer itself, whose screen is drawn into memory and which records it. Raises BenchError."""
    from regtui.ui.app import RegtuiApp

    stretch, told = _Stretch(workers), 0
    borrowed: list[Deliver] = []

    def lend(deliver: Deliver) -> Workers:
        borrowed.append(deliver)
        return workers

    app = RegtuiApp(scenario, runner=lend, recorder=RecorderBeside(store), device=device)
    async with app.run_test(size=SCREEN) as pilot:
        await pilot.pause()  # until all of it is there, as it is when a user presses space
        # Reports come on tasks older than the app; inside it they would have its context.
        context = contextvars.copy_context()

        def heard(report: Report) -> None:
            nonlocal told
            stretch.heard(report)
            if isinstance(report, RunEvent):
                told += len(events.encode(report))
            context.run(borrowed[0], report)

        session = app.view.session
        wanted = session.request([arm.name for arm in session.arms], [0])
        await workers.make(wanted, heard)
    spent = stretch.spent
    traffic.seconds.append(spent.wall)
    traffic.told.append(told)
    traffic.shown.append(stretch.shown)
    return spent


def requests(scenario: Scenario, device: str) -> list[RunRequest]:
    """A run of each arm with seed 0."""
    return [RunRequest(run=new_run_id(), spec=run_spec(scenario.id, arm, 0, device=device)) for arm in scenario.arms]


class _Stretch:
    """What a run costs its worker from its start to its end, by the worker's own clock and its CPU time.

    The workers hold no other run, so what they spend meanwhile is what this one and those who look at it ask for.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._watch: Watch | None = None
        self._spent: Spent | None = None
        self.shown = 0.0
        """CPU seconds of this process meanwhile."""

    def heard(self, report: Report) -> None:
        """All that is reported while it is made."""
        if isinstance(report, Started):
            self._watch, self.shown = Watch(self._workers.pids, this=False), -time.process_time()
        elif isinstance(report, Finished) and self._watch is not None:
            self._spent = Spent(report.step, report.wall_seconds, self._watch.spent(report.step).cpu)
            self.shown += time.process_time()

    @property
    def spent(self) -> Spent:
        """The run has finished."""
        assert self._spent is not None, "no run has finished"
        return self._spent
