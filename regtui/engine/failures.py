"""What went wrong with a run, as an event for people."""

from __future__ import annotations

import torch

from regtui.engine import devices
from regtui.engine.told import place
from regtui.events import Failed

MESSAGE = 400
"""Characters of an exception's message that are told."""
NO_MEMORY = (
    "can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"
)  # fmt: skip
"""What says that memory ran out where the kind of the exception does not: the libraries of a GPU take some of their
own."""
NOT_BUILT = "no kernel image is available"


def failure(run: str, error: Exception, log: str, *, beside: int = 0) -> Failed:
    """The event that an exception ends a run with.

    log     the file that has its traceback, "" for none
    beside  other runs that are made together with it
    """
    said = str(error)
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(words in said for words in NO_MEMORY):
        others = f"{beside} other run{'s' if beside > 1 else ''}"
        return Failed(
            run=run,
            kind="out-of-memory",
            message=f"the run does not fit into the memory that {others} left it" if beside
            else "the run does not fit into memory",
            hint=("start it anew when they have ended, or " if beside else "")
            + "lower train.batch_size, train.evaluation_batch or the width of the model, or choose another device",
            traceback=log,
        )  # fmt: skip
    # PyTorch's messages can be pages with line breaks; a screen has room for a sentence, and the log has it all.
    # The first argument of an OSError is a number.
    told = error if isinstance(error, OSError) else error.args[0] if error.args else ""
    text = " ".join(str(told).split())
    message = "".join(filter(str.isprintable, text))[:MESSAGE] or f"{type(error).__name__} without a message"
    if NOT_BUILT in said:
        hint = "this PyTorch is not built for that GPU; train with --device cpu, or install one that is (pytorch.org)"
        return Failed(run=run, kind=type(error).__name__, message=message, hint=hint, traceback=log)
    if isinstance(error, RuntimeError) and devices.has_failed():
        first = message.partition(" Search for")[0].partition(" CUDA kernel errors might")[0]
        return Failed(
            run=run,
            kind="gpu-lost",
            message=f"the GPU failed, and this worker can use it no more: {first}",
            hint="the run can go on from its last checkpoint, in a new worker; CUDA_LAUNCH_BLOCKING=1 in its "
            "environment has the log name the operation",
            traceback=log,
            ends_worker=True,
        )  # fmt: skip
    if where := place(error):  # a model of the user's own: a line of its code says more than the message
        message = f"{message} ({where})"
    return Failed(run=run, kind=type(error).__name__, message=message, traceback=log)
