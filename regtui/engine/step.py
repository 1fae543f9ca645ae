"""One training step, from the places of its samples to new weights: all that happens on the device and nothing else.

It reads and writes tensors that stay where they are (parameters, optimizer state, steerable numbers, the learning rate,
the samples' places, the meter) and waits for nothing, so that a CUDA graph can hold it as it stands; see graphs.py.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Protocol

from torch import Tensor

from regtui.engine.precision import autocast
from regtui.engine.probes import StepProbe
from regtui.engine.training import Training


class Meter(Protocol):
    """Takes note of the loss and of what the batch was taken for; see metrics.py."""

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor, targets: Tensor | None) -> None: ...


class Step:
    """Takes the steps of one training, operation by operation."""

    def __init__(self, training: Training, meter: Meter) -> None:
        self.training = training
        self._meter = meter
        self.inputs: Tensor | None = None
        """The last batch as the model saw it."""
        self.preparing = 0.0
        """Seconds spent on making ready: none."""

    def __call__(self, samples: Tensor, probe: StepProbe | None) -> bool:
        """One step; the learning rate has been written before. `samples` (B,) long are their places in the split.

        On a CPU, False where the loss is not finite: the weights are then left as they were.
        """
        training, model, stack = self.training, self.training.model, self.training.stack
        batch = training.ranks.part_of(stack.on_batch(training.gather(samples)))  # augment, mix, smooth
        with probe.watching() if probe else nullcontext(), autocast(training.spec.precision, training.device):
            loss, logits = training.objective(batch)  # (), (B, K)
        penalty = stack.penalty(model)
        loss = loss if penalty is None else loss + penalty
        told = training.ranks.mean(loss)
        self._meter.add(told, logits, batch.labels, batch.targets)
        self.inputs = batch.inputs
        if told.is_cpu and not math.isfinite(told.item()):  # free on a CPU; a GPU would have to be waited for
            return False
        training.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if probe:
            probe.after_backward()
        stack.on_gradients(model, training.lr.value)  # decay, clipping
        training.optimizer.step()
        stack.on_step(model)  # max-norm, EMA
        return True
