"""The training loop: one run from its spec to its last event.

Steps are taken in blocks. Between two blocks the run obeys commands, tells its metrics and writes checkpoints; within
a block nothing waits for a GPU or for anybody. A block ends at the next evaluation, probe or end of an epoch, at the
latest after 8 steps or 50 ms.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from regtui.commands import Probe, RunRequest
from regtui.engine import answers, checkpoint, devices, graphs, threads
from regtui.engine.control import Control, Steering
from regtui.engine.graphs import GraphedStep
from regtui.engine.metrics import PlacedMeter, StepMeter
from regtui.engine.observer import Observer
from regtui.engine.probes import StepProbe
from regtui.engine.reporter import BLOCK
from regtui.engine.reveal import reveal
from regtui.engine.step import Step
from regtui.engine.training import Training
from regtui.events import Checkpoint, Event
from regtui.spec import evaluation_steps, probe_steps

BLOCK_SECONDS = 0.05
CHECKPOINT_SECONDS = 30.0
CHECKED = 128
"""Steps from one look at all weights to the next, besides those at evaluations and probes. Counted in steps and not in
seconds, so that a run that diverges does so at the same step each time."""


def train(request: RunRequest, emit: Callable[[Event], None], control: Control, store: Path | None) -> None:
    """Make a run by itself; see `turns`."""
    with devices.Stream(request.spec.device).use():
        for is_held in turns(request, emit, control, store):
            if is_held:
                control.wait()


def turns(request: RunRequest, emit: Callable[[Event], None], control: Control, store: Path | None) -> Iterator[bool]:
    """Make a run and emit its events, the last one being Finished, Stopped, Diverged or Revealed; turn by turn.

    A turn ends where the steps of a block have been launched, before anything waits for them, and where the run is
    held, which is the only time that it gives True. What others do between two turns changes no number of this run.

    emit     must not block
    control  what the run is told while it trains
    store    checkpoints go to its folder <run>; None: there are none

    Raises ValueError, with a sentence for people, for a spec that cannot be built or a checkpoint that does not fit.
    """
    folder, spec = store / request.run if store else None, request.spec
    if request.resume and folder and spec.threads == "auto" and (known := checkpoint.threads(folder)):
        spec = msgspec.structs.replace(spec, threads=known)
    training, seconds = Training(threads.settle(spec, stepper)), 0.0
    if request.reveal:
        reveal(request, training, emit, folder)
        return
    if request.resume:
        if folder is None:
            raise ValueError("a run can only go on from a run store, and this worker has none")
        seconds = checkpoint.resume(training, folder)
    observer = Observer(request.run, training, emit, seconds=seconds)
    yield from Loop(request.run, training, observer, emit, control, folder).turns()


def stepper(training: Training) -> Callable[[], object]:
    """What takes one step of a training that nobody watches."""

    def silent(_: Event) -> None: ...

    loop = Loop("", training, Observer("", training, silent), silent, Control(), None)
    return lambda: loop.take_step(None)


class NotFiniteError(Exception):
    """The loss or a weight became NaN or infinite."""

    def __init__(self, step: int, value: float) -> None:
        super().__init__(f"step {step}: {value}")
        self.step, self.value = step, value


@dataclass(frozen=True, slots=True)
class Block:
    """Steps that have been launched."""

    first: int
    """Number of the first one, counted from 1."""
    began: float
    """Seconds; captures do not count."""
    probe: StepProbe | None
    """What has watched the last one, if that was to be measured."""


class Loop:
    """Trains, and lets the others have their say between blocks."""

    block_seconds = BLOCK_SECONDS
    """A block ends with the step that takes it beyond this."""

    def __init__(
        self,
        run: str,
        training: Training,
        observer: Observer,
        emit: Callable[[Event], None],
        control: Control,
        folder: Path | None,
    ) -> None:
        self.run_id, self.emit, self.folder = run, emit, folder
        self.training, self.observer, self.control = training, observer, control
        self.steering = Steering(control, training, observer.marker)
        on_gpu = training.device.type == "cuda"
        self.meter = PlacedMeter(BLOCK, training.device) if on_gpu else StepMeter()
        self.step: Step | GraphedStep = Step(training, self.meter)
        if on_gpu:
            captures = not graphs.obstacle(training)
            self.step = GraphedStep(self.step, lambda why: observer.marker("uncaptured", text=why), captures=captures)
        self.probe = StepProbe(training.model)
        self.evaluations = frozenset(evaluation_steps(training.spec))
        # Evaluation points are probed as well: only there the statistics of the whole set are known.
        probed = frozenset(probe_steps(training.spec))
        self.probed = probed | self.evaluations if probed else probed
        self.saved_at = time.monotonic()
        self.is_placed = False

    def turns(self) -> Iterator[bool]:
        """Train to the end, which the stack may set, to a stop or to the first number that is not finite."""
        training, observer = self.training, self.observer
        observer.started()
        with contextlib.suppress(OSError):  # said when a checkpoint is due
            self.place()
        while not training.is_over:
            self.steering.obey(self)
            while self.steering.is_held:
                yield True
                self.steering.obey(self)
            if self.steering.over:
                self.save_before_the_end()
                return observer.stopped(interrupted=self.steering.is_interrupted)
            block = self.launch_block()
            yield False
            try:
                probe = self.end_block(block)
            except NotFiniteError as error:
                assert self.step.inputs is not None
                return observer.diverged(error.step, error.value, self.step.inputs)
            whole_set = observer.evaluated() if training.step in self.evaluations else {}
            if probe:
                observer.inside(probe, whole_set)
            if time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
                self.save()
        self.steering.mark_steps_done()
        self.save()
        return observer.finished()

    def block_length(self) -> int:
        """How many steps the next block may have at most."""
        to_check = CHECKED - self.training.step % CHECKED
        return self.steering.allowance(min(BLOCK, self.training.steps_left_in_epoch, to_check))

    def launch_block(self) -> Block:
        """Steps up to the next block boundary; on a GPU nothing has waited for them yet."""
        training, first, began = self.training, self.training.step + 1, time.monotonic()
        last = training.step + self.block_length()
        probe, preparing = None, self.step.preparing
        while training.step < last and time.monotonic() - began < self.block_seconds:
            probe = self.probe if training.step + 1 in self.probed else None
            if not self.take_step(probe) or probe or training.step in self.evaluations:
                break
        return Block(first, began + self.step.preparing - preparing, probe)

    def end_block(self, block: Block) -> StepProbe | None:
        """Tell of the steps. Gives the probe of the last one, if that was to be measured.

        Raises NotFiniteError for the first step whose loss is not finite. Bad weights show in the next loss; those that
        hide from it, behind a ReLU say, are found when all weights are looked at.
        """
        training, first = self.training, block.first
        losses, accuracies = self.meter.take()
        accuracies = training.ranks.means(accuracies)
        finite = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
        rate = training.lr.at(max(first + finite - 2, 0))
        self.observer.reporter.add(losses[:finite], accuracies[:finite], time.monotonic() - block.began, rate)
        if finite < len(losses):
            raise NotFiniteError(first + finite, losses[finite])
        is_evaluated = training.step in self.evaluations
        is_checked = is_evaluated or training.step in self.probed or training.step % CHECKED == 0
        if is_checked and not training.weights_are_finite():
            raise NotFiniteError(training.step, math.nan)
        if is_evaluated or self.observer.reporter.is_due():
            self.observer.reporter.tell()
        return block.probe

    def take_step(self, probe: StepProbe | None) -> bool:
        """One step. On a CPU, False where the loss is not finite: the weights are then left as they were."""
        self.training.lr.advance_to(self.training.step)
        if not self.step(self.training.next_samples(), probe):
            return False
        self.training.step += 1
        return True

    def answer(self, probe: Probe) -> None:
        """Look at what is asked for: at this run, or at any other spec. The training does not notice."""
        asked = self.training if probe.run == self.run_id else None
        self.emit(answers.answer(probe, asked, store=self.folder and self.folder.parent))

    def place(self) -> None:
        """Make the folder of the run, once: it may be taken away, and is not put back then. Raises OSError."""
        if self.folder is not None and not self.is_placed:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.is_placed = True

    def save(self) -> None:
        """Write a checkpoint, if there is a store. A full disk is told, and the training goes on."""
        if self.folder is None:
            return
        self.observer.reporter.tell()
        try:
            self.place()
            path = checkpoint.save(self.training, self.observer.reporter.seconds, self.folder)
        except OSError as error:
            self.observer.marker(
                "refused", key="checkpoint", text=f"no checkpoint was written: {error.strerror or error}"
            )
        else:
            self.emit(Checkpoint(run=self.run_id, step=self.training.step, path=str(path)))
        self.saved_at = time.monotonic()

    def save_before_the_end(self) -> None:
        """The checkpoint of a run that is stopped; left out if the worker is being ended and it would take long."""
        if not self.control.ended or checkpoint.is_quick(self.training):
            self.save()
