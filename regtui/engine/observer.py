"""What a run says about itself: the state of a training, measured and put into events.

Pending steps are told before anything else but probes, so that an evaluation never comes before its steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext

import msgspec
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine import devices, graphs, studies
from regtui.engine.datasets import Split
from regtui.engine.metrics import evaluate, significant
from regtui.engine.norm_statistics import SetProbe, Statistics
from regtui.engine.probes import StepProbe, first_non_finite_layer
from regtui.engine.reporter import Reporter
from regtui.engine.streaming import StreamedSplit
from regtui.engine.text import TextData
from regtui.engine.training import Training
from regtui.events import (
    Diverged,
    Evaluated,
    Finished,
    Inside,
    Marker,
    Measured,
    Norms,
    RunEvent,
    Started,
    Stopped,
    Studied,
    Trouble,
)
from regtui.trouble import Watch


class Observer:
    """Watches one training and emits all its events but checkpoints."""

    def __init__(self, run: str, training: Training, emit: Callable[[RunEvent], None], *, seconds: float = 0.0) -> None:
        """`seconds` is the time already trained, in a run that goes on from a checkpoint."""
        self._run = run
        self._training = training
        self._emit = emit
        self._began = time.monotonic()
        self._watch = Watch()
        self.reporter = Reporter(run, emit, training.spec.train.batch_size, step=training.step, seconds=seconds)

    def started(self) -> None:
        """The run is built."""
        training, spec = self._training, self._training.spec
        self._emit(
            Started(
                run=self._run,
                device=str(training.device),
                device_label=devices.label(training.device),
                threads=training.threads,
                precision=spec.precision,
                parameters=sum(parameter.numel() for parameter in training.model.parameters()),
                total_steps=spec.total_steps,
                steps_per_epoch=spec.steps_per_epoch,
                train_samples=len(training.task.train.labels),
                clean_samples=len(training.task.clean.labels),
                classes=list(training.task.classes),
                cut_texts=training.task.cut if isinstance(training.task, TextData) else 0,
                is_streamed=isinstance(training.task.train, StreamedSplit),
                start_step=training.step,
                ranks=training.ranks.world,
                uncaptured=graphs.obstacle(training) if training.device.type == "cuda" else "",
            )
        )
        if training.step == 0:
            training.model.eval()
            self._study(training.model, "start")
            training.back_to_mode()

    def evaluated(self) -> Statistics:
        """Evaluate all splits in eval mode; gives what entered each norm over the whole clean subset.

        At the end of the run the weights that it ends with are evaluated, and a marker says which they are. Where an
        average of the weights is evaluated there are no statistics: they are not those of the trained network.
        """
        self.reporter.tell()
        training, stack = self._training, self._training.stack
        model = stack.evaluation_model(training.model, training.task.clean.inputs)
        event, statistics = self._measured(model)
        stack.on_evaluated(model, event)
        if training.is_over:
            final, kept = stack.final_model(model)
            if final is not model:
                self.marker("kept", text=kept)
                event, _ = self._measured(final)
            self._study(final, "end")
            event = msgspec.structs.replace(event, studied=training.studied)
        training.back_to_mode()
        self._emit(event)
        return statistics if model is training.model else {}

    def _measured(self, model: nn.Module) -> tuple[Evaluated, Statistics]:
        """A model on all splits, and what entered its norms; it is left in eval mode."""
        training = self._training
        task, batch_size = training.task, training.spec.train.evaluation_batch
        by_batch = any(isinstance(m, _BatchNorm) and m.running_mean is None for m in model.modules())
        piece = training.model.evaluation_piece if training.device.type == "cpu" and not by_batch else None
        model.eval()

        def measured(split: Split, *more_labels: Tensor) -> list[Measured]:
            return evaluate(model, split.inputs, (split.labels, *more_labels), batch_size, piece=piece)

        probe = SetProbe(model)
        others = () if task.true_clean_labels is None else (task.true_clean_labels,)
        with probe.watching() if training.spec.train.probes else nullcontext():
            clean = measured(task.clean, *others)
        validation = None if task.validation is None else measured(task.validation)[0]
        memory = training.memory
        drift, forgotten = (memory.drift(model), memory.loss(model)) if memory else (None, None)
        event = Evaluated(
            run=self._run,
            step=training.step,
            epoch=training.epoch,
            seconds=round(self.reporter.seconds, 6),
            train=clean[0],
            validation=validation,
            test=None if task.test is None else measured(task.test)[0],
            true_train=clean[1] if others else None,
            drift=drift,
            pretraining_loss=forgotten,
        )
        return event, probe.statistics()

    def _study(self, model: nn.Module, when: str) -> None:
        """Make the studies that are due and tell what they found."""
        step = self._training.step
        for name, found in studies.made(self._training, model, when):
            self._emit(Studied(run=self._run, step=step, study=name, values=found.values, curves=found.curves))

    def inside(self, probe: StepProbe, whole_set: Statistics) -> None:
        """What the probe saw in the last step, and trouble in it; `whole_set` is empty off the evaluation points."""
        step = self._training.step
        if norms := probe.norms(whole_set):
            self._emit(Norms(run=self._run, step=step, layers=norms))
        layers = probe.inside(self._training.origin)
        self._emit(Inside(run=self._run, step=step, layers=layers))
        for kind, layer, value, over in self._watch.see(probe.for_judges(layers)):
            self._emit(Trouble(run=self._run, step=step, kind=kind, layer=layer, value=significant(value), over=over))

    def marker(self, kind: str, *, key: str = "", value: float | str = "", text: str = "") -> None:
        """Something was done to the run."""
        self.reporter.tell()
        self._emit(Marker(run=self._run, step=self._training.step, kind=kind, key=key, value=value, text=text))

    def diverged(self, step: int, value: float, inputs: Tensor) -> None:
        """A number is no longer finite.

        step    the first step where it was so
        value   the loss of that step, or NaN where only weights are not finite
        inputs  the last batch as the model saw it

        The layer is the first whose output is not finite when the batch passes once more. On a CPU the weights are
        still those of that step; on a GPU up to seven more steps have spread the damage towards the first layer.
        """
        self.reporter.tell()
        layer = first_non_finite_layer(self._training.model, inputs)
        self._emit(Diverged(run=self._run, step=step, layer=layer, value=value))

    def finished(self) -> None:
        """All steps are done, or the stack has ended the run."""
        self.reporter.tell()
        seconds, steps = self.reporter.seconds, self._training.step
        self._emit(
            Finished(
                run=self._run,
                step=steps,
                seconds=round(seconds, 6),
                wall_seconds=round(time.monotonic() - self._began, 6),
                samples_per_s=round(steps * self._training.spec.train.batch_size / max(seconds, 1e-9), 1),
                reason=self._training.stack.ending if steps < self._training.spec.total_steps else "",
            )
        )

    def stopped(self, *, interrupted: bool) -> None:
        """The run ends before its last step, on request or because nobody listens any more."""
        self.reporter.tell()
        self._emit(Stopped(run=self._run, step=self._training.step, interrupted=interrupted))
