"""The one look at the test part of own data: the weights that a finished run ended with, measured on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from regtui import own
from regtui.commands import RunRequest
from regtui.engine import checkpoint, own_data
from regtui.engine.metrics import evaluate
from regtui.engine.tasks import ImageData
from regtui.engine.text import TextData
from regtui.engine.training import Training
from regtui.events import Event, Revealed


def reveal(request: RunRequest, training: Training, emit: Callable[[Event], None], folder: Path | None) -> None:
    """Restore a finished run from its checkpoint and emit `Revealed`.

    training  has just been built from the spec of the run
    folder    of the run in the store

    Raises ValueError, with a sentence for people, for a run whose test part is no secret, that has no checkpoint or
    that has not finished.
    """
    spec = training.spec
    if not own.is_own(spec.data.name):
        raise ValueError(f"only data of your own keep their test part for a reveal; {spec.data.name} shows its test")
    if folder is None:
        raise ValueError("the test part is measured with a run's checkpoint, and this worker has no run store")
    checkpoint.restore(training, folder)
    if not training.is_over:
        raise ValueError(f"the run is at step {training.step} of {spec.total_steps}; only a finished run is revealed")
    task, stack = training.task, training.stack
    assert isinstance(task, (ImageData, TextData))
    test = own_data.revealed(spec.data, task)
    final, _ = stack.final_model(stack.evaluation_model(training.model, task.clean.inputs))
    final.eval()
    (measured,) = evaluate(final, test.inputs, (test.labels,), spec.train.evaluation_batch)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    emit(Revealed(run=request.run, step=training.step, test=measured, samples=len(test.labels), at=at))
