"""What went wrong with a run, as an event for people."""

from __future__ import annotations

import torch

from regtui.events import Failed

MESSAGE = 400
"""Characters of an exception's message that are told."""


def failure(run: str, error: Exception, log: str) -> Failed:
    """The event that an exception ends a run with. `log` is the file that has its traceback, "" for none."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error):
        return Failed(
            run=run,
            kind="out-of-memory",
            message="the run does not fit into memory",
            hint="lower train.batch_size, train.evaluation_batch or the width of the model, or choose another device",
            traceback=log,
        )
    # PyTorch's messages can be pages with line breaks; a screen has room for a sentence, and the log has it all.
    text = " ".join(str(error.args[0] if error.args else "").split())
    message = "".join(filter(str.isprintable, text))[:MESSAGE] or f"{type(error).__name__} without a message"
    return Failed(run=run, kind=type(error).__name__, message=message, traceback=log)
