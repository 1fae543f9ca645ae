"""The engine's side of the comparison: the real loop, with its events encoded and written as a worker does."""

from __future__ import annotations

import os

from regtui.bench.plain import WARM_UP, settle
from regtui.bench.protocol import BenchError, Spent
from regtui.bench.slices import Watch
from regtui.engine import devices
from regtui.engine.control import Control
from regtui.engine.loop import Loop
from regtui.engine.observer import Observer
from regtui.engine.training import Training
from regtui.engine.wire import Sender
from regtui.spec import RunSpec


class Engine:
    """A run that goes on from slice to slice and never comes to its evaluation."""

    def __init__(self, spec: RunSpec) -> None:
        self.training = Training(spec)
        self._stream = devices.Stream(spec.device)
        self._sender = Sender(os.open(os.devnull, os.O_WRONLY), on_broken=lambda: None)
        observer = Observer("bench", self.training, self._sender.put)
        self._turns = Loop("bench", self.training, observer, self._sender.put, Control(), None).turns()

    def slice(self, steps: int) -> Spent:
        """Take at least so many steps, whole blocks. Raises BenchError for a run that ends."""
        devices.prepare(self.training.threads)
        with self._stream.use():
            self._take(WARM_UP)
            settle(self.training.device)
            watch = Watch()
            taken = self._take(steps)
            settle(self.training.device)
            return watch.spent(taken)

    def _take(self, steps: int) -> int:
        before = self.training.step
        while self.training.step < before + steps:
            if next(self._turns, None) is None:
                raise BenchError("The engine's run did not finish: its loss was not finite.")
        return self.training.step - before
