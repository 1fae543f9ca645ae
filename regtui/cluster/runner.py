"""Runs as Ray tasks, with the interface of `regtui.runner.Runner` as far as commands without a screen need it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from regtui import events
from regtui.cluster.attempts import Attempts
from regtui.cluster.connect import Cluster
from regtui.cluster.task import Said, ask, make
from regtui.commands import Probe, RunRequest
from regtui.events import TERMINAL_EVENTS, Answer, EventError, Failed, Hello, Steps, Stopped
from regtui.runner.reports import Garbled, Lost, Report

RETRIES = 3
"""How often Ray makes a run again whose node or process was lost."""
LOST = "The run was lost"
PATIENCE = 10.0
"""Seconds that a cancelled run may take to end; the process that makes it is killed then."""


@dataclass
class _Task:
    """A run that has not ended."""

    name: str
    run: str
    ref: Any
    """Ray's name for what the task will give."""
    step: int = 0
    """Steps that it has told."""
    is_cancelled: bool = False


class RayRunner:
    """Hands runs to Ray and delivers everything they say, on the event loop, each run's in its order.

    A run that Ray makes again begins at its first step; what a lost attempt still says is dropped. Ray starts runs
    as there is room for them, in the order in which they were submitted.
    """

    def __init__(self, cluster: Cluster, deliver: Callable[[Report], None], store: Path | None = None) -> None:
        """`store` gets the checkpoints, where all of the cluster is this machine."""
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ray, needs = cluster.ray, cluster.needs
        self.cluster, self.deliver = cluster, deliver
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        # Beside us, so that the queue is not lost with a node that makes runs.
        self._queue = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self._make = ray.remote(make).options(num_cpus=needs.cpus, num_gpus=needs.gpus, max_retries=RETRIES)
        self._ask = ray.remote(ask).options(num_cpus=needs.cpus, num_gpus=needs.gpus, max_retries=RETRIES)
        self._store = str(store.resolve()) if store is not None and cluster.is_here else ""
        self._tasks: dict[str, _Task] = {}
        """By name: a run may come a second time, to have its weights measured."""
        self._attempts = Attempts()
        self._background: set[asyncio.Task[None]] = set()
        self._listens = False
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """No run is waiting or in hand."""
        return not self._tasks

    @property
    def room(self) -> int:
        """Runs that the cluster can make at once, now."""
        return self.cluster.room

    def submit(self, requests: Iterable[RunRequest]) -> None:
        """Have runs made as soon as there is room for them."""
        if not self._listens:
            self._listens = True
            self._spawn(self._listen())
        for request in requests:
            spec = msgspec.structs.replace(request.spec, device=self.cluster.device)
            asked = msgspec.json.encode(msgspec.structs.replace(request, spec=spec))
            name = secrets.token_hex(8)
            task = _Task(name, request.run, self._make.remote(self._queue, name, asked, self._store))
            self._tasks[name] = task
            self._spawn(self._await(task))

    def probe(self, probe: Probe) -> None:
        """Have a node answer what a run would take; the answer is delivered, or why there is none."""
        spec = msgspec.structs.replace(probe.spec, device=self.cluster.device)
        asked = self._ask.remote(msgspec.json.encode(msgspec.structs.replace(probe, spec=spec)))
        self._spawn(self._await_answer(asked))

    def stop(self, runs: Iterable[str] | None = None) -> None:
        """Cancel these runs, or all: those that train at their next block boundary, waiting ones at once."""
        wanted = None if runs is None else set(runs)
        for task in self._tasks.values():
            if wanted is None or task.run in wanted:
                task.is_cancelled = True
                self.cluster.ray.cancel(task.ref)
                asyncio.get_running_loop().call_later(PATIENCE, self._force, task)

    async def close(self) -> None:
        """Cancel what is left and leave the cluster; one that was begun here ends."""
        self._closed = True
        for task in self._tasks.values():
            self.cluster.ray.cancel(task.ref)
        for waiting in self._background:
            waiting.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.to_thread(self.cluster.ray.shutdown)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Whoever listens or waits ends with an error only where the cluster, or what passes on its words, is gone."""
        self._background.discard(task)
        if task.cancelled() or (error := task.exception()) is None or self._closed:
            return
        lost = tuple(task.run for task in self._tasks.values())
        self._tasks.clear()
        if lost:
            self.deliver(
                Lost(0, lost, f"The Ray cluster is gone ({type(error).__name__}); what it was making is lost.")
            )

    def _force(self, task: _Task) -> None:
        if not self._closed and task.name in self._tasks:
            self.cluster.ray.cancel(task.ref, force=True)

    async def _await(self, task: _Task) -> None:
        """Say that a task is over, through the queue: whatever it said itself is there already."""
        note = ""
        try:
            await task.ref
        except asyncio.CancelledError:
            raise
        except Exception as error:
            note = _why(error)
        await self._queue.put_async(Said(task.name, "", b"", note))

    async def _await_answer(self, ref: Any) -> None:
        try:
            answer = events.decode(await ref)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.deliver(Lost(0, (), _why(error)))
            return
        if isinstance(answer, Answer):
            self.deliver(answer)

    async def _listen(self) -> None:
        while True:
            said = [await self._queue.get_async()]
            if more := await self._queue.actor.qsize.remote():
                said += await self._queue.actor.get_nowait_batch.remote(more)
            for one in said:
                self._hear(Said(*one))

    def _hear(self, said: Said) -> None:
        task = self._tasks.get(said.task)
        if self._closed or task is None:
            return  # it has ended: a process that was lost right after its last event is made again for nothing
        if not said.attempt:
            self._over(task, said.note)
            return
        before = self._attempts.number(task.name)
        if not self._attempts.counts(task.name, said.attempt):
            return
        if before and self._attempts.number(task.name) > before:
            task.step = 0
            self.deliver(
                Lost(0, (), f"A process or node of the cluster was lost; Ray makes its run again on {said.note}.")
            )
        for line in said.lines.splitlines():
            self._tell(task, line)

    def _tell(self, task: _Task, line: bytes) -> None:
        try:
            event = events.decode(line)
        except EventError as error:
            self.deliver(Garbled(0, f"A node of the cluster said something that is {error}; it was skipped."))
            return
        if isinstance(event, (Hello, Answer)):
            return
        if isinstance(event, Steps):
            task.step = event.step
        if isinstance(event, TERMINAL_EVENTS):
            self._tasks.pop(task.name, None)
        self.deliver(event)

    def _over(self, task: _Task, note: str) -> None:
        """A task has ended and left no event that ends its run."""
        del self._tasks[task.name]
        run = task.run
        if task.is_cancelled:
            self.deliver(Stopped(run=run, step=task.step))
        elif note.startswith(LOST):
            self.deliver(Lost(0, (run,), note))
        else:
            hint = "Every node of the cluster needs what regtui needs: Python as here, PyTorch and the other packages."
            self.deliver(Failed(run=run, kind="RayTaskError", message=note or "the task ended early", hint=hint))


def _why(error: Exception) -> str:
    """One sentence: a process or node was lost too often, or a node cannot make runs."""
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

    if isinstance(error, (WorkerCrashedError, NodeDiedError, OutOfMemoryError)):
        return f"{LOST} with its process or node ({type(error).__name__}), and so were {RETRIES} more attempts."
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"a node of the Ray cluster could not make the run: {lines[-1][:200] if lines else type(error).__name__}"
