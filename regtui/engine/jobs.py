"""The runs that a worker was asked for: which waits, which is being made, who hears what; and the end of it all."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from dataclasses import dataclass

from regtui import commands
from regtui.commands import Pause, Probe, RunRequest
from regtui.engine import devices
from regtui.engine.control import Control

GRACE_SECONDS = 1.0
"""From the end of input until the kernel ends this process, whatever it is doing."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that was asked for, with its mailbox."""

    request: RunRequest
    control: Control


class Jobs:
    """The runs that wait and those that are being made. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._probes: deque[Probe] = deque()
        self._current: list[Job] = []
        self._changed = threading.Condition()
        self._ended = False

    def add(self, request: RunRequest, *, paused: bool) -> bool:
        """Queue a run. False: a run of that id is already here."""
        with self._changed:
            if self._find(request.run):
                return False
            control = Control(self._changed)
            if paused:
                control.send(Pause(run=request.run))
            self._waiting.append(Job(request, control))
            self._changed.notify_all()
            return True

    def send(self, command: commands.RunCommand) -> bool:
        """Hand a command to its run. False: no such run is here."""
        with self._changed:
            job = self._find(command.run)
            if job:
                job.control.send(command)
            return job is not None

    def ask(self, probe: Probe) -> None:
        """Have a probe answered: by its run or another that is being made, between blocks, else by the main thread."""
        with self._changed:
            if self._current:
                asked = self._find(probe.run)
                (asked if asked in self._current else self._current[0]).control.send(probe)
            else:
                self._probes.append(probe)
                self._changed.notify_all()

    def drop(self, run: str) -> bool:
        """Forget a run that has not begun. False: it has begun, or is not here."""
        with self._changed:
            kept = deque(job for job in self._waiting if job.request.run != run)
            dropped = len(kept) < len(self._waiting)
            self._waiting = kept
            return dropped

    def next(self) -> Job | Probe | None:
        """Wait, while no run is being made, for the next one or a probe; None: nobody listens any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._probes or self._waiting or self._ended)
            if self._probes and not self._ended:
                return self._probes.popleft()
            if self._ended:
                return None
            self._current.append(self._waiting.popleft())
            return self._current[-1]

    @property
    def count(self) -> int:
        """Runs that are being made."""
        return len(self._current)

    def joining(self) -> list[Job]:
        """The next run, if it may be made beside those that are being made: one that is for a GPU."""
        with self._changed:
            if not self._may_join():
                return []
            self._current.append(self._waiting.popleft())
            return self._current[-1:]

    def wait(self, has_room: bool) -> None:
        """Wait until a run that is being made is told something or, where there is room, another may join."""
        with self._changed:
            self._changed.wait_for(
                lambda: (has_room and self._may_join()) or any(job.control.has_news for job in self._current)
            )

    def _may_join(self) -> bool:
        return bool(self._waiting) and not self._ended and devices.is_gpu(self._waiting[0].request.spec.device)

    def done(self, job: Job) -> None:
        """The run is over: its id may come again. Probes that it did not come to are answered next."""
        with self._changed:
            self._current.remove(job)
            for left in job.control.take():
                if isinstance(left, Probe):
                    self.ask(left)

    def end(self) -> None:
        """Nobody listens any more: no further run begins, the current one ends, and the process soon after."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            _arm_exit()
            for job in self._current:
                job.control.end()
            self._changed.notify_all()

    def _find(self, run: str) -> Job | None:
        return next((job for job in [*self._current, *self._waiting] if job.request.run == run), None)


def _arm_exit() -> None:
    """End this process after the grace, even if native code holds the interpreter."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)  # SIGALRM kills, unless somebody handles it
    else:
        timer = threading.Timer(GRACE_SECONDS, os._exit, args=(0,))
        timer.daemon = True
        timer.start()
