"""A recorder for a screen: what it records is written in order by a thread of its own, and nobody waits for the disk.

A disk on the network may take no write for a minute. The explorer draws and answers meanwhile, what is to be written
waits in memory (some KB a second), and a sentence tells of it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from regtui.events import AnyRunEvent
from regtui.scenario import Scenario
from regtui.spec import RunSpec
from regtui.store.rundir import Recorder

STALLED = 3.0
"""Seconds that one write may take until the screen tells of it."""
PATIENCE = 1.0
"""Seconds to wait for the disk where an answer is needed, and for what is left to write when the process ends."""


class BackgroundRecorder(Recorder):
    """As `Recorder`, whose methods only note here what is to be done, but for `reopen`, `flush` and the last `close`,
    which wait for at most `PATIENCE`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._tasks: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        """Guards the tasks; told of each that comes or is done."""
        self._began: float | None = None
        """When the task that is under way was begun."""
        self._is_late = False
        """Somebody waited for it in vain."""
        self._thread: threading.Thread | None = None
        self._is_over = False

    @property
    def warning(self) -> str:
        """Why recording stopped, or why it waits; "" while it works."""
        began = self._began
        if self._stopped or began is None:
            return self._stopped
        waited = time.monotonic() - began
        if waited < STALLED and not self._is_late:
            return ""
        return (
            f"The disk has not answered for {waited:.0f} s. What is to be recorded waits in memory, and so does a "
            f"worker that saves in {self.root}."
        )

    @property
    def is_behind(self) -> bool:
        return bool(self._tasks) or self._began is not None

    def open(self, run: str, spec: RunSpec, scenario: Scenario | None = None, *, digest: str | None = None) -> None:
        self._later(lambda: super(BackgroundRecorder, self).open(run, spec, scenario, digest=digest))

    def append(self, event: AnyRunEvent) -> None:
        self._later(lambda: super(BackgroundRecorder, self).append(event))

    def log(self, run: str, text: bytes) -> None:
        self._later(lambda: super(BackgroundRecorder, self).log(run, text))

    def reopen(self, run: str) -> bool:
        """As in `Recorder`. Where the disk does not answer, `warning` says so, and the record is left alone."""
        answers: list[bool] = []
        self._later(lambda: answers.append(super(BackgroundRecorder, self).reopen(run)))
        if not self.flush():
            self.close(run)
        return answers[0] if answers else True

    def close(self, run: str | None = None) -> None:
        self._later(lambda: super(BackgroundRecorder, self).close(run), is_last=run is None)
        if run is None:
            self.flush()

    def flush(self) -> bool:
        """Wait until all is written. False: the disk does not answer."""
        with self._changed:
            is_done = self._changed.wait_for(lambda: not self.is_behind, PATIENCE)
            self._is_late = not is_done
        return is_done

    def _later(self, task: Callable[[], object], *, is_last: bool = False) -> None:
        with self._changed:
            self._tasks.append(task)
            self._is_over = is_last
            self._changed.notify_all()
            if self._thread is None:
                # A daemon: a process that is told to leave does not wait for a disk.
                self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._is_over)
                if not self._tasks:
                    self._thread = None
                    return
                task, self._began = self._tasks.popleft(), time.monotonic()
            try:
                task()
            except Exception as error:  # else the thread would end, and nothing be recorded or said any more
                self._give_up(error)
            with self._changed:
                self._began, self._is_late = None, False
                self._changed.notify_all()
