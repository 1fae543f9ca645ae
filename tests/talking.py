"""A process that speaks the worker protocol, as a test talks with it."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Callable
from typing import TypeVar

from forked_worker import ForkedWorker

from regtui import commands, events
from regtui.commands import Command, RunRequest, Start
from regtui.events import TERMINAL_EVENTS, AnyEvent, Event
from regtui.spec import RunSpec

E = TypeVar("E", bound=Event)
DEADLINE = 120.0
"""Seconds after which a worker counts as hanging; loading torch takes a minute on a starved machine."""


class Talk:
    """What is said to a worker, and what it says, event by event."""

    def __init__(self, process: subprocess.Popen[bytes] | ForkedWorker) -> None:
        self.process = process
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def last_words(self) -> str:
        """What is known of a worker that has ended."""
        return ""

    def send(self, command: Command | bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(command if isinstance(command, bytes) else commands.encode(command))
        self.process.stdin.flush()

    def next(self) -> AnyEvent:
        line = self._lines.get(timeout=DEADLINE)
        assert line is not None, f"the worker ended: {self.last_words()}"
        return events.decode(line)

    def wait_for(self, kind: type[E], test: Callable[[E], bool] = lambda _: True) -> E:
        """The next event of that kind that passes the test; those before it are dropped."""
        while True:
            event = self.next()
            if isinstance(event, kind) and test(event):
                return event

    def start(self, run: str, spec: RunSpec, *, resume: bool = False) -> None:
        self.send(Start(runs=[RunRequest(run=run, spec=spec, resume=resume)]))

    def run(self, run: str, spec: RunSpec, *, resume: bool = False) -> list[AnyEvent]:
        """Make a run; all of its events."""
        self.start(run, spec, resume=resume)
        return self.until_the_end_of(run)

    def until_the_end_of(self, run: str) -> list[AnyEvent]:
        said = [self.next()]
        while not (isinstance(said[-1], TERMINAL_EVENTS) and said[-1].run == run):
            said.append(self.next())
        return said
