"""What a node of the cluster does: one run with the engine's own loop, its events put into Ray's queue."""

from __future__ import annotations

import platform
import secrets
import signal
import threading
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from regtui import events
from regtui.commands import Probe, RunRequest, Stop
from regtui.outbox import Outbox

INTERVAL = 0.25
"""Seconds between two messages of a run."""


class Said(NamedTuple):
    """What travels through the queue."""

    task: str
    """The name that the driver gave it."""
    attempt: str
    """A random name; "" where the driver says that the task is over."""
    lines: bytes
    """Events of the worker protocol; none: the attempt begins."""
    note: str
    """The node that begins; from the driver, why a task ended without a last event."""


def make(queue: Any, task: str, request: bytes, store: str) -> None:
    """Make a run from its start and say all of it, an event that ends it last.

    queue    a `ray.util.queue.Queue` of `Said`
    task     names the task in what is said
    request  a RunRequest as JSON, so that a node with another version of regtui says what it does not know
    store    folder of checkpoints; "" for none, where the node is not the machine that keeps them

    An exception leaves this function only where the node cannot make any run: Ray then tells it, and nothing is tried
    again. Cancelling ends the run at its next block boundary with the event that says so.
    """
    cancelled = threading.Event()
    # How Ray cancels: as Ctrl-C. Its default, an exception in the middle of a step, would leave no last event.
    signal.signal(signal.SIGINT, lambda *_: cancelled.set())
    asked = msgspec.json.decode(request, type=RunRequest)
    speaker = Speaker(queue, task)
    from regtui.engine import loop  # imports torch, which takes seconds
    from regtui.engine.control import Control
    from regtui.engine.failures import failure

    control = Control()
    threading.Thread(target=_pass_on, args=(cancelled, control, asked.run), daemon=True).start()
    try:
        loop.train(asked, speaker.put, control, Path(store) if store else None)
    except Exception as error:
        speaker.put(failure(asked.run, error, ""))
    speaker.close()


def ask(probe: bytes) -> bytes:
    """What a node answers of settings that it has not trained yet: an event of the worker protocol.

    probe  a Probe as JSON
    """
    from regtui.engine import answers

    return events.encode(answers.answer(msgspec.json.decode(probe, type=Probe)))


def _pass_on(cancelled: threading.Event, control: Any, run: str) -> None:
    """On a thread of its own: a signal may come while the mailbox is being emptied."""
    cancelled.wait()
    control.send(Stop(run=run))


class Speaker(Outbox):
    """Puts the events of one attempt into the queue: training never waits for the network."""

    def __init__(self, queue: Any, task: str) -> None:
        super().__init__("speaker", INTERVAL)
        self._queue, self._task, self._attempt = queue, task, secrets.token_hex(8)
        self._say(b"", platform.node())
        self.begin()

    def pass_on(self, lines: bytes) -> bool:
        self._say(lines, "")
        return True

    def _say(self, lines: bytes, note: str) -> None:
        self._queue.put(Said(self._task, self._attempt, lines, note))
