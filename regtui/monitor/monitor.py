"""The monitor: told of each step of somebody else's training loop, it writes what the engine writes of its own."""

from __future__ import annotations

import atexit
import math
import sys
import warnings
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn

from regtui.monitor import evaluation, together
from regtui.monitor.budget import Budget
from regtui.monitor.evaluation import Predict, evaluating
from regtui.monitor.hooks import FirstPass, is_compiled, unwrapped
from regtui.monitor.observation import EVALUATE_EVERY, Observation, Plan
from regtui.monitor.record import Record, RecordingError, device_of, settings_of, spec_of
from regtui.monitor.samples import first_tensor, fixed_samples, length_of, size_of, untouched_generators
from regtui.monitor.trial import must_be_measurable, tried

PROBE_EVERY = 50
"""Steps between two looks inside."""


class Monitor:
    """Watches a training loop that is not ours.

        with Monitor(model, train=train_set, test=test_set) as monitor:
            for inputs, labels in loader:
                ...
                loss.backward()
                optimizer.step()
                monitor.step(loss)

    Three things that a loop's own log gets wrong are measured: **the gap**, on fixed samples in eval mode;
    **BatchNorm**, running against batch against whole-set statistics; **the inside**, activations and gradients by
    layer. They become a run of the store: `regtui watch` follows it, `regtui compare` and `regtui export` read it.

    The training is not changed: modes, buffers and global generators are left as they were, hooks exist only during a
    probed step, and an error in here is warned of once and ends the monitor, never the training. In a distributed
    training only the first rank writes, and what it sees inside is its own part of each batch, gradients before they
    are averaged; the others do nothing.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        train: Any,
        test: Any = None,
        validation: Any = None,
        optimizer: torch.optim.Optimizer | None = None,
        scaler: Any = None,
        name: str = "run",
        project: str = "monitor",
        seed: int = 0,
        config: Mapping[str, Any] | None = None,
        steps_per_epoch: int | None = None,
        total_steps: int | None = None,
        evaluate_every: int | None = None,
        probe_every: int = PROBE_EVERY,
        samples: int = 1000,
        budget: float = 0.02,
        predict: Predict = evaluation.predict,
        store: Path | str | None = None,
    ) -> None:
        """Nothing is written before the first step.

        train           training samples **without augmentation**: a data set, a DataLoader, a pair of tensors or
                        arrays, or an iterable of batches; of it `samples` are kept and measured
        test            the same of the test set; validation likewise. One of the two is needed
        optimizer       where the learning rate is read
        scaler          the GradScaler of mixed precision, so that gradients are reported unscaled
        name, project   the arm and the scenario of the run; runs of one project are compared, paired by `seed`
        config          settings of yours: a comparison shows those that differ
        steps_per_epoch, total_steps   for the axis and the ETA; unknown ones are left out. Where the model is compiled
                        and train= is no DataLoader, the batch size, and so the pace, follows from steps_per_epoch
        evaluate_every  steps; default: an epoch
        probe_every     steps between two looks inside, >= 1
        samples         of each split, >= 1
        budget          share of the training's time that looking may take, >= 0: a look that would cost more waits.
                        One evaluation at the end is always made; it comes on top
        predict         (model, batch) to logits and labels
        store           default: regtui's run store

        Raises TypeError or ValueError, in a sentence, for what it cannot measure: it tries one batch of each part.
        """
        self._observation: Observation | None = None
        must_be_measurable(model)
        for option, value in {"samples": samples, "probe_every": probe_every, "evaluate_every": evaluate_every}.items():
            if value is not None and value < 1:
                raise ValueError(f"{option} is {value}; allowed is 1 or more")
        if not budget >= 0:
            raise ValueError(f"budget is {budget}, a share of the training's time; allowed is 0 or more, as in 0.02")
        if test is None and validation is None:
            raise ValueError("Monitor needs test= or validation=: without held-out samples there is no gap")
        self._closed = together.rank() > 0
        if self._closed:
            return
        self._model = unwrapped(model)
        with untouched_generators():
            own = fixed_samples(train, samples, "train")
            sources = {"validation": validation, "test": test}
            held_out = {key: fixed_samples(s, samples, key) for key, s in sources.items() if s is not None}
            with evaluating(self._model):
                cost = sum(
                    tried(self._model, part, predict, device_of(self._model), what) * len(part.batches)
                    for what, part in {"train": own, **held_out}.items()
                )
        if own.is_random:
            warnings.warn(
                "regtui: train= gives another sample each time it is read, so it augments. Its accuracy is not the "
                "clean train accuracy, and the gap is too small: hand the same data without augmentation.",
                stacklevel=2,
            )
        size = length_of(train) or own.count
        self._batch_size, self._budget = size_of(own.batches[0]), Budget(budget)
        self._plan = partial(
            Plan, own, held_out, predict, probe_every=probe_every, optimizer=optimizer, scaler=scaler, cost=cost,
        )  # fmt: skip
        self._spec = partial(
            spec_of, self._model, name=name, project=project, seed=seed,
            config=settings_of(optimizer) | dict(config or {}), samples=size,
            data=type(getattr(train, "dataset", train)).__name__,
            held_out={key: split.count for key, split in held_out.items()},
        )  # fmt: skip
        self._evaluate_every = evaluate_every or (0 if steps_per_epoch or length_of(train) else EVALUATE_EVERY)
        self._steps_per_epoch, self._total, self._size = steps_per_epoch, total_steps, size
        self._store = Path(store) if store is not None else None
        self._is_compiled = is_compiled(model)
        self._passes = FirstPass(first_tensor)
        # Around a compiled model, not in it, the hook is called; hooks of the modules inside are not.
        whole = {id(module): module for module in (model, self._model)}.values()
        self._handles = self._passes.attach(whole)
        self._exit = partial(_close, weakref.ref(self))
        atexit.register(self._exit)

    @property
    def run(self) -> str:
        """Id of the run in the store; "" before the first step."""
        return self._observation.record.run if self._observation else ""

    @property
    def folder(self) -> Path | None:
        """The run's directory; None before the first step."""
        return self._observation.record.folder if self._observation else None

    @property
    def should_stop(self) -> bool:
        """Whether `regtui stop RUN` asks the training to end. The loop is yours: `if monitor.should_stop: break`.

        Of several processes only the first one hears it: `regtui.monitor.together.agreed` tells the others.
        """
        return self._observation is not None and self._observation.record.is_asked_to_stop

    def step(self, loss: Tensor | float) -> None:
        """One optimizer step was taken (after the last of several accumulated backward passes).

        loss  () the loss of the step; losses are read in blocks, four times a second, so a GPU is not waited for
        """
        if self._closed:
            return
        try:
            if self._observation is None:
                self._observation = self._begun()
            with self._budget.paid():
                self._observation.step(loss)
        except Exception as error:  # whatever happens in here, the training goes on
            self._give_up(error)
        else:
            if self._observation.is_over:
                self._leave()

    def mark(self, text: str) -> None:
        """Put a note at the present step: a changed rate, a new phase."""
        if self._observation and not self._closed:
            try:
                self._observation.mark(text)
            except Exception as error:  # as in a step
                self._give_up(error)

    def close(self, error: BaseException | None = None) -> None:
        """Evaluate once more and end the run: finished, stopped (KeyboardInterrupt) or failed (any other error)."""
        if self._closed:
            return
        if self._observation is None and error is None and self._passes.size:
            warnings.warn(
                "regtui: nothing was recorded, since no step was told: call monitor.step(loss) after optimizer.step().",
                stacklevel=2,
            )
        try:
            if self._observation:
                self._observation.end(error)
                self._observation.record.settle()
        except Exception as ours:
            self._give_up(ours)
        else:
            self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self.close(error)

    def _begun(self) -> Observation:
        """The run, at its first step: now the size of a batch is known."""
        self._take_hooks_away()
        told = self._steps_per_epoch and math.ceil(self._size / self._steps_per_epoch)
        size = self._passes.size * together.ranks() or told or self._batch_size
        epoch = self._steps_per_epoch or math.ceil(self._size / size)  # a DataLoader keeps the rest of a batch
        spec = self._spec(batch_size=size, epochs=math.ceil((self._total or epoch) / epoch))
        record = Record(spec, self._store)
        plan = self._plan(
            batch_size=size,
            steps_per_epoch=epoch,
            evaluate_every=self._evaluate_every or epoch,
            is_compiled=self._is_compiled,
        )
        record.started(
            self._model, spec, total_steps=self._total or 0, steps_per_epoch=epoch, clean_samples=plan.train.count
        )
        self._budget.begin()
        return Observation(self._model, plan, record, self._budget)

    def _take_hooks_away(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _give_up(self, error: Exception) -> None:
        """Warn once, note it in the record, and say no more."""
        what = str(error) if isinstance(error, RecordingError) else f"{type(error).__name__}: {error}"
        warnings.warn(f"regtui: the monitor stopped ({what}); the training goes on without it.", stacklevel=3)
        if self._observation:
            self._observation.record.broke(error, f"The monitor stopped ({what}); the training went on without it.")
        self._leave()

    def _leave(self) -> None:
        self._closed = True
        self._take_hooks_away()
        if self._observation:
            self._observation.leave()
            self._observation.record.close()
        atexit.unregister(self._exit)


def _close(monitor: weakref.ref[Monitor]) -> None:
    """At the interpreter's end, for a loop without `with`: an uncaught error is then the last one that was printed."""
    if (found := monitor()) is not None:
        found.close(getattr(sys, "last_value", None))
