"""A queue of runs and a small pool of workers that take them.

On a CPU each single-thread worker makes one run at a time, so arms and seeds race on the spare cores; on CUDA one
worker makes them all, several at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from regtui.commands import Pause, Probe, Resume, RunCommand, RunRequest, SetMode, Start, Step, Stop
from regtui.commands import Set as SetNumber
from regtui.events import ANSWERS, TERMINAL_EVENTS, Answer, AnyEvent, Failed, Hello, Stopped
from regtui.modes import Mode
from regtui.runner.process import WorkerProcess
from regtui.runner.reports import Garbled, Log, Lost, Ready, Report

PATIENCE = 10.0
"""Seconds that a worker may take to end a run; it looks for commands after every block of steps."""
HUNG = "The worker did not answer and was killed. What it had reported is kept."

SPENT = "The worker could not go on after a run that failed. A new one takes the next run."

ON_A_GPU = 8
"""Runs that a worker is given at once where it makes them on a GPU; those that its memory cannot hold wait there."""


class _Slot:
    """A worker and what it has in hand."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: WorkerProcess | None = None
        self.runs: list[str] = []
        self.probe: Probe | None = None
        """The latest probe that it has not answered."""
        self.leaving = False
        """Has said that it can make no further run."""
        self.failed = False
        """Gone before it said hello; not started again before somebody asks for more runs."""


class Runner:
    """Keeps workers warm, gives each free one the next run, and delivers everything they say.

    `deliver` is called on the event loop, in the order in which each worker spoke. Nothing here knows what a run
    means: it only looks at run ids and at the events that end a run.
    """

    def __init__(self, command: Sequence[str], deliver: Callable[[Report], None], *, workers: int = 1) -> None:
        self.command = list(command)
        self.deliver = deliver
        self.is_paused = False
        self._slots = [_Slot(i) for i in range(max(1, workers))]
        self._queue: deque[RunRequest] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._gone: list[WorkerProcess] = []
        """Lost workers whose pipes may not have been read to the end."""
        self._unasked: Probe | None = None
        """A probe that waits until a worker is up."""
        self._closed = False
        self._owed_steps = 0
        """Steps asked for while no run was in hand: the next one starts held and takes them."""

    @property
    def hello(self) -> Hello | None:
        """What the first worker that is up says of its machine."""
        return next((s.process.hello for s in self._slots if s.process is not None and s.process.hello), None)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that are up."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.process.pid]

    @property
    def is_idle(self) -> bool:
        """No run is waiting or in hand."""
        return not self._queue and not any(slot.runs for slot in self._slots)

    def warm(self, count: int | None = None) -> None:
        """Start workers that are not up, so that torch is loaded before it is needed."""
        for slot in self._slots[:count]:
            slot.failed = False
            if slot.process is None:
                self._launch(slot)

    def submit(self, requests: Iterable[RunRequest]) -> None:
        """Queue runs; they start as workers come free."""
        self._queue.extend(requests)
        for slot in self._slots:
            slot.failed = False
        self._feed()

    def pause(self) -> None:
        """Hold every run at its next block boundary, and start no other."""
        self.is_paused = True
        self._tell_all(lambda run: Pause(run=run))

    def resume(self) -> None:
        """Go on with everything that was held."""
        self.is_paused = False
        self._tell_all(lambda run: Resume(run=run))
        self._feed()

    def step(self, count: int = 1) -> None:
        """Let every run in hand take `count` steps and hold; without one, start the next waiting one held."""
        self.is_paused = True
        if any(slot.runs for slot in self._slots):
            self._tell_all(lambda run: Step(run=run, count=count))
        elif self._queue:
            self._owed_steps = count
            self._feed()

    def set(self, run: str, key: str, value: float) -> None:
        """Steer a run in hand."""
        self._tell(run, SetNumber(run=run, key=key, value=value))

    def set_mode(self, run: str, mode: Mode) -> None:
        """Have a run in hand take its steps in train or in eval mode."""
        self._tell(run, SetMode(run=run, mode=mode))

    def probe(self, probe: Probe) -> None:
        """Have something looked at by the worker that makes the probe's run, else by a free one, else by any.

        Without a worker one is started for it. Each probe is answered by one event, unless a later one takes its
        place while none is up.
        """
        up = [slot for slot in self._slots if slot.process is not None and slot.process.hello is not None]
        if not up:
            self._unasked = probe
            self.warm(1)
            return
        slot = min(up, key=lambda slot: (not probe.run or probe.run not in slot.runs, bool(slot.runs)))
        slot.probe = probe
        if slot.process is not None:
            slot.process.send(probe)

    def stop(self, runs: Iterable[str] | None = None) -> None:
        """End these runs, or all: those in hand at their next block boundary, waiting ones at once.

        A worker that has not ended its run some seconds later hangs, and is killed.
        """
        wanted = None if runs is None else set(runs)
        waiting = [request for request in self._queue if wanted is None or request.run in wanted]
        self._queue = deque(request for request in self._queue if request not in waiting)
        for request in waiting:
            self.deliver(Stopped(run=request.run, step=0))
        for slot in self._slots:
            for run in slot.runs:
                if wanted is None or run in wanted:
                    self._tell(run, Stop(run=run))
                    asyncio.get_running_loop().call_later(PATIENCE, self._give_up, slot, slot.process, run)
        if wanted is None:
            self.is_paused, self._owed_steps = False, 0

    async def close(self) -> None:
        """End all workers; none is left a second later."""
        self._closed = True
        self._queue.clear()
        for task in list(self._starting):
            await asyncio.wait({task}, timeout=1)
        up = [slot.process for slot in self._slots if slot.process is not None]
        await asyncio.gather(*(process.close() for process in [*up, *self._gone]))

    def terminate(self) -> None:
        """Tell all workers to go, from any thread; those that can then write their checkpoints."""
        for slot in self._slots:
            if slot.process is not None:
                slot.process.terminate()

    def kill(self) -> None:
        """End all workers without waiting: for the last moment of a process."""
        for slot in self._slots:
            if slot.process is not None:
                slot.process.kill()

    def _give_up(self, slot: _Slot, process: WorkerProcess | None, run: str) -> None:
        """Kill a worker that still has a run in hand which it was told to end; its loss is reported like any other."""
        if not self._closed and process is not None and slot.process is process and run in slot.runs:
            process.kill(HUNG)

    def _launch(self, slot: _Slot) -> None:
        slot.process = WorkerProcess(
            self.command,
            on_event=lambda event: self._heard(slot, event),
            on_garbage=lambda sentence: self.deliver(Garbled(slot.number, sentence)),
            on_log=lambda text: self.deliver(Log(slot.runs[0] if len(slot.runs) == 1 else "", text)),
            on_lost=lambda sentence: self._lost(slot, sentence),
        )
        task = asyncio.get_running_loop().create_task(slot.process.start())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    def _heard(self, slot: _Slot, event: AnyEvent) -> None:
        if isinstance(event, Hello):
            self.deliver(Ready(slot.number, event))
            self._feed()
            if self._unasked is not None:
                probe, self._unasked = self._unasked, None
                self.probe(probe)
            return
        if isinstance(event, Answer):
            if slot.probe is not None and slot.probe.ask == event.ask:
                slot.probe = None
            self.deliver(event)
            return
        has_ended = event.run in slot.runs and isinstance(event, TERMINAL_EVENTS)
        if has_ended:
            slot.runs.remove(event.run)
            if isinstance(event, Failed) and event.ends_worker and slot.process is not None:
                slot.leaving = True
                slot.process.kill(SPENT)  # one of its processes may hang, and hold up the rest for half a minute
        self.deliver(event)
        if has_ended:
            self._feed()

    def _lost(self, slot: _Slot, sentence: str) -> None:
        runs = tuple(slot.runs)
        slot.failed = slot.process is None or slot.process.hello is None
        if slot.process is not None:
            self._gone.append(slot.process)
        unanswered = slot.probe
        slot.process, slot.runs, slot.probe, slot.leaving = None, [], None, False
        if self._closed:
            return
        if all(s.process is None and s.failed for s in self._slots):
            # Nobody is left to take what waits, and starting the same command again would end the same way.
            runs = tuple(request.run for request in self._queue)
            self._queue.clear()
            unanswered, self._unasked = unanswered or self._unasked, None
        self.deliver(Lost(slot.number, runs, sentence))
        if unanswered is not None:
            self.deliver(ANSWERS[unanswered.kind](ask=unanswered.ask, trouble=sentence))
        self._feed()

    def _feed(self) -> None:
        """Give waiting runs to free workers."""
        if self._closed or (self.is_paused and not self._owed_steps):
            return
        has_gpu = self.hello is not None and len(self.hello.devices) > 1
        for slot in self._slots[: 1 if has_gpu else None]:
            if self._queue and slot.process is None and not slot.failed:
                self._launch(slot)
            while self._queue and slot.process is not None and slot.process.hello is not None and not slot.leaving:
                is_for_gpu = has_gpu and self._queue[0].spec.device != "cpu" and slot.process.hello.ranks == 1
                if len(slot.runs) >= (ON_A_GPU if is_for_gpu else 1):
                    break
                self._begin(slot, slot.process, self._queue.popleft())
                if self.is_paused:
                    return

    def _begin(self, slot: _Slot, process: WorkerProcess, request: RunRequest) -> None:
        slot.runs.append(request.run)
        process.send(Start(runs=[request], paused=self.is_paused))
        if self._owed_steps:
            process.send(Step(run=request.run, count=self._owed_steps))
            self._owed_steps = 0

    def _tell(self, run: str, command: RunCommand) -> None:
        for slot in self._slots:
            if run in slot.runs and slot.process is not None:
                slot.process.send(command)

    def _tell_all(self, command: Callable[[str], RunCommand]) -> None:
        for slot in self._slots:
            for run in slot.runs:
                self._tell(run, command(run))
