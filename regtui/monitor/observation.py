"""One monitored run while it trains: which steps are looked at, what is measured, what is written."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from regtui.engine.metrics import significant
from regtui.engine.reporter import Reporter
from regtui.events import Diverged, Evaluated, Failed, Finished, Inside, Marker, Norms, Stopped, Trouble
from regtui.monitor.budget import Budget
from regtui.monitor.evaluation import Predict, evaluating, measure
from regtui.monitor.layers import Layers, StepWatch
from regtui.monitor.norms import SetStatistics
from regtui.monitor.record import Record, device_of
from regtui.monitor.samples import Samples, untouched_generators
from regtui.trouble import Watch

EVALUATE_EVERY = 200
"""Steps between two evaluations where the length of an epoch is not known."""
LOST = 10
"""Losses in a row that are not finite after which a run counts as diverged; a single one a GradScaler skips."""
SILENCE = 2.0
"""Seconds after which losses are told, whatever that costs."""
MOST_PENDING = 4096
"""Losses that are kept on the device at most; reading them waits for it."""


@dataclass(frozen=True)
class Plan:
    """What is measured, and when."""

    train: Samples
    held_out: Mapping[str, Samples]
    """By "validation" and "test"."""
    predict: Predict
    batch_size: int
    steps_per_epoch: int
    evaluate_every: int
    probe_every: int
    optimizer: torch.optim.Optimizer | None
    scaler: Any
    cost: float
    """Seconds that a first evaluation will take, as its trial says."""
    is_compiled: bool
    """Without looks inside: hooks on a compiled model would be compiled into it."""


class Observation:
    """Writes the events of one run. `is_over` once the run is lost; nothing is told after that."""

    def __init__(self, model: nn.Module, plan: Plan, record: Record, budget: Budget) -> None:
        self.model, self.plan, self.record, self.budget = model, plan, record, budget
        self.count = 0
        """Steps told so far."""
        self.is_over = False
        self._reporter = Reporter(record.run, record.emit, plan.batch_size)
        self._watched = Layers(model)
        self._watch: StepWatch | None = None
        self._troubles = Watch()
        self._whole_set: SetStatistics | None = None
        self._losses: list[Tensor] = []
        self._lost: list[float] = []
        self._probes = not plan.is_compiled
        self._probe_is_due = self._evaluation_is_due = False
        self._evaluated_at = 0
        self._probe_cost = self._paid_inside = 0.0
        """Seconds of the last look inside, and of all before it."""
        self._scale = 1.0
        """What the loss of the step that is looked at is multiplied with."""
        self._tell_cost, self._told_at = 0.0, time.perf_counter()
        self._cost = plan.cost
        """Seconds of an evaluation, as the last one took."""
        self._stepped_at = self._began = time.perf_counter()

    def step(self, loss: Tensor | float) -> None:
        """Note a step, and look where it is time and the budget allows."""
        self.count += 1
        self._reporter.seconds += time.perf_counter() - self._stepped_at
        self._losses.append(_single(loss))
        if self.plan.is_compiled and self.count == 1:
            self.mark("the model is compiled, so there is no look inside: hooks would be compiled into it")
        if self._watch:
            with self.budget.paid("inside"):
                self._read(self._watch)
            self._probe_cost = self.budget.parts["inside"] - self._paid_inside
        if self._is_time_to_tell():
            told = self.budget.parts["telling"]
            with self.budget.paid("telling"):
                self.tell()
            self._tell_cost = self.budget.parts["telling"] - told
        self._evaluation_is_due |= self.count % self.plan.evaluate_every == 0
        if self._evaluation_is_due and self.budget.allows(self._cost):
            self._evaluate()
        self._probe_is_due |= (self.count + 1) % self.plan.probe_every == 0
        if self._probes and self._probe_is_due and self.budget.allows_part("inside", self._probe_cost):
            self._attach()
        self._stepped_at = time.perf_counter()

    def mark(self, text: str) -> None:
        self.tell()
        self.record.emit(Marker(run=self.record.run, step=self.count, kind="note", text=text))

    def end(self, error: BaseException | None) -> None:
        """The last evaluation and the event that ends the run."""
        self.leave()
        try:
            self.tell()
        except Exception:
            if error is None:
                raise
            # What ended the training took its device along, with the losses there: that end is what there is to tell.
        if self.is_over:
            return
        run, seconds = self.record.run, self._reporter.seconds
        if error is None and self._evaluated_at < self.count:
            self._evaluate()
        if error is None and not self.record.is_asked_to_stop:
            self.record.emit(
                Finished(
                    run=run,
                    step=self.count,
                    seconds=round(seconds, 6),
                    wall_seconds=round(time.perf_counter() - self._began, 6),
                    samples_per_s=round(self.count * self.plan.batch_size / max(seconds, 1e-9), 1),
                )
            )
        elif error is None or isinstance(error, (KeyboardInterrupt, SystemExit)):
            self.record.emit(Stopped(run=run, step=self.count))
        else:
            self.record.emit(Failed(run=run, kind=type(error).__name__, message=str(error) or type(error).__name__))

    def leave(self) -> None:
        """Take all hooks away."""
        if self._watch:
            self._watch.detach()
            self._watch = None

    def tell(self) -> None:
        """Read the losses that gathered, which waits for the device, and emit the finite ones."""
        if self.is_over or not self._losses:
            return
        device = self._losses[-1].device
        losses = torch.stack([loss.to(device) for loss in self._losses]).tolist()
        first = self.count - len(losses) + 1
        self._losses, self._told_at = [], time.perf_counter()
        rate = float(self.plan.optimizer.param_groups[0]["lr"]) if self.plan.optimizer else 0.0
        steps = zip(range(first, self.count + 1), losses, strict=True)
        for is_finite, part in groupby(steps, key=lambda step: math.isfinite(step[1])):
            numbers, values = zip(*part, strict=True)
            if is_finite:
                self._lost = []
                self._reporter.step = numbers[0] - 1
                self._reporter.add(list(values), [], 0.0, rate)
                self._reporter.tell()
                continue
            self._lost += values
            if len(self._lost) >= LOST:
                step = numbers[-1] - len(self._lost) + 1
                self.record.emit(Diverged(run=self.record.run, step=step, layer="", value=self._lost[0]))
                self.is_over = True
                return

    def _is_time_to_tell(self) -> bool:
        """Four times a second where that costs little; steps may take long on a machine that has much else to do."""
        if len(self._losses) >= MOST_PENDING or time.perf_counter() - self._told_at >= SILENCE:
            return True
        return self._reporter.is_due() and self.budget.allows_part("telling", self._tell_cost)

    def _attach(self) -> None:
        """Have the next step seen."""
        self._probe_is_due, self._paid_inside = False, self.budget.parts["inside"]
        with self.budget.paid("inside"):
            # Now, since the scaler may change it at the end of the step.
            self._scale = float(self.plan.scaler.get_scale()) if self.plan.scaler is not None else 1.0
            self._watch = StepWatch(self._watched, self.budget.pay)
            self._watch.attach()

    def _read(self, watch: StepWatch) -> None:
        """What the hooks saw of the step that was just taken."""
        self.leave()
        if not watch.saw_anything:
            self._probes = False
            return self.mark(
                "no layer was seen, so there is no look inside: the model trains in eval mode, or was compiled"
            )
        self.tell()
        run = self.record.run
        if norms := watch.statistics(self._whole_set):
            self.record.emit(Norms(run=run, step=self.count, layers=norms))
            self._whole_set = None
        layers = watch.inside(self._scale)
        self.record.emit(Inside(run=run, step=self.count, layers=layers))
        seen = watch.for_judges(layers, is_scaled=self.plan.scaler is not None)
        for kind, layer, value, over in self._troubles.see(seen):
            value = significant(value)
            self.record.emit(Trouble(run=run, step=self.count, kind=kind, layer=layer, value=value, over=over))
        return None

    def _evaluate(self) -> None:
        self.tell()
        began, device, whole_set = time.perf_counter(), device_of(self.model), SetStatistics(self._watched.norms)
        with untouched_generators(), evaluating(self.model):
            with whole_set.watching():
                train = measure(self.model, self.plan.train, self.plan.predict, device)
            held_out = {
                key: measure(self.model, split, self.plan.predict, device) for key, split in self.plan.held_out.items()
            }
        self._whole_set, self._evaluation_is_due, self._evaluated_at = whole_set, False, self.count
        self._cost = time.perf_counter() - began
        self.record.emit(
            Evaluated(
                run=self.record.run,
                step=self.count,
                epoch=self.count / self.plan.steps_per_epoch,
                seconds=round(self._reporter.seconds, 6),
                train=train,
                validation=held_out.get("validation"),
                test=held_out.get("test"),
            )
        )


def _single(loss: Any) -> Tensor:
    """The loss of a step as a scalar that nothing is waited for; raises TypeError or ValueError for anything else."""
    if isinstance(loss, Tensor):
        if loss.numel() != 1:
            raise ValueError(
                f"the loss has the shape {tuple(loss.shape)}; step() takes the single number that backward() was "
                "called on, as loss.mean() is"
            )
        # A copy: a loop may add to its loss in place, and a CUDA graph writes the next one into the same memory.
        return loss.detach().to(torch.float32, copy=True).reshape(())
    if not isinstance(loss, Real):  # NumPy's numbers are no floats of Python
        raise TypeError(f"the loss is a {type(loss).__name__}; step() takes a tensor of one number, or a number")
    return torch.tensor(float(loss))
