"""The engine's side of the comparison: the real loop, with its events encoded and written as a worker does."""

from __future__ import annotations

import os

from regtui.bench.protocol import BenchError
from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.engine.wire import Sender
from regtui.events import Event, Finished
from regtui.spec import RunSpec


def engine(spec: RunSpec) -> float:
    """Seconds a step, evaluations excluded. Raises BenchError for a run that does not finish."""
    ended: list[Finished] = []
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sender = Sender(nowhere, on_broken=lambda: None)

    def emit(event: Event) -> None:
        sender.put(event)
        if isinstance(event, Finished):
            ended.append(event)

    try:
        loop.train(RunRequest(run="bench", spec=spec), emit, Control(), None)
    finally:
        sender.close(timeout=10)
        os.close(nowhere)
    if not ended:
        raise BenchError("The engine's run did not finish: its loss was not finite.")
    return ended[0].seconds / ended[0].step
