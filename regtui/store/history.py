"""One run as the screens see it: everything its events said, in columns."""

from __future__ import annotations

from typing import Literal

import msgspec

from regtui.events import (
    AnyRunEvent,
    Checkpoint,
    Diverged,
    Evaluated,
    Failed,
    Finished,
    Inside,
    Marker,
    Norms,
    Revealed,
    Started,
    Steps,
    Stopped,
    Studied,
    Trouble,
)
from regtui.modes import MODE_KEY, Mode
from regtui.spec import RunSpec
from regtui.store.columns import Column
from regtui.store.slim import slim

RunState = Literal["waiting", "running", "paused", "finished", "stopped", "diverged", "failed", "lost"]

KEPT_PROBES = 400
"""Probe events kept a run; when there are more every second one is dropped, the first and the latest stay. Those
before the latest are kept slim."""


class RunHistory:
    """The state of one run. `apply` is the only way in; reading it never changes it."""

    def __init__(self, run: str, spec: RunSpec) -> None:
        self.run = run
        self.spec = spec
        self.state: RunState = "waiting"
        self.started: Started | None = None
        self.loss = Column()
        self.batch_accuracy = Column()
        self.evaluations: list[Evaluated] = []
        self.norms: list[Norms] = []
        self.insides: list[Inside] = []
        self.studies: dict[str, Studied] = {}
        self.troubles: list[Trouble] = []
        """Inside the network, as they began and ended; `lasting` has those that are not over."""
        self.markers: list[Marker] = []
        self.step = 0
        self.seconds = 0.0
        self.samples_per_s = 0.0
        self.ending: Diverged | Finished | Failed | Stopped | None = None
        self.checkpoint: Checkpoint | None = None
        self._marked = 0
        """Markers at the time of the checkpoint."""
        self.unsaved = ""
        """Why the last checkpoint was not written; "" where it was."""
        self.revealed: Revealed | None = None
        """The first look at the test part of own data."""
        self.trouble = ""
        """One sentence: why the run did not finish."""
        self.ended_early = ""
        """One sentence: why a finished run took fewer steps than planned; "" where it took them all."""
        self.version = 0
        """Grows with every event, so that a chart knows whether anything is new."""

    @property
    def total_steps(self) -> int:
        """Of somebody else's loop that did not say how many, those taken so far."""
        total = self.started.total_steps if self.started else self.spec.total_steps
        return total or max(self.step, 1)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, self.started.steps_per_epoch if self.started else self.spec.steps_per_epoch)

    @property
    def epoch(self) -> float:
        """Epochs done."""
        return self.step / self.steps_per_epoch

    @property
    def is_live(self) -> bool:
        """Events may still come."""
        return self.state in ("waiting", "running", "paused")

    @property
    def is_interrupted(self) -> bool:
        """It ended before its last step and nobody asked for that: it can go on."""
        if isinstance(self.ending, Failed):
            return self.ending.ends_worker
        return self.state == "lost" or (isinstance(self.ending, Stopped) and self.ending.interrupted)

    @property
    def is_steered(self) -> bool:
        """A setting was changed while it trained: left out of verdicts and pairs."""
        return any(marker.kind == "set" for marker in self.markers)

    @property
    def mode(self) -> Mode:
        """In which it takes its steps now."""
        told = [marker.value for marker in self.markers if marker.kind == "set" and marker.key == MODE_KEY]
        return "eval" if told and told[-1] == "eval" else "train"

    @property
    def last(self) -> Evaluated | None:
        """The latest evaluation."""
        return self.evaluations[-1] if self.evaluations else None

    @property
    def result(self) -> Evaluated | None:
        """The evaluation after the last step, of a run that finished unsteered; with its test part once revealed."""
        return self.measured if self.state == "finished" and not self.is_steered else None

    @property
    def measured(self) -> Evaluated | None:
        """The latest evaluation, with the test part of own data once that was revealed."""
        if self.last is None or self.revealed is None:
            return self.last
        return msgspec.structs.replace(self.last, test=self.revealed.test)

    @property
    def lasting(self) -> list[Trouble]:
        """The troubles inside the network that are not over, as they were first told."""
        known: dict[tuple[str, str], Trouble] = {}
        for event in self.troubles:
            key = (event.kind, event.layer)
            if event.over:
                known.pop(key, None)
            else:
                known.setdefault(key, event)  # a run that went on from a checkpoint may tell it again
        return list(known.values())

    def apply(self, event: AnyRunEvent) -> None:
        """Take in the next event of this run."""
        self.version += 1
        match event:
            case Started():
                if self.started is not None:
                    self._take_back(event.start_step)
                self.started, self.state, self.step = event, "running", event.start_step
            case Steps():
                self.step, self.seconds, self.samples_per_s = event.step, event.seconds, event.samples_per_s
                for bucket in event.loss:
                    self.loss.add(bucket)
                for bucket in event.accuracy:
                    self.batch_accuracy.add(bucket)
            case Evaluated():
                self.step = max(self.step, event.step)
                self.evaluations.append(slim(event))
            case Norms():
                _keep(self.norms, event)
            case Inside():
                _keep(self.insides, event)
            case Studied():
                self.studies[event.study] = event
            case Trouble():
                self.troubles.append(event)
            case Marker():
                self._mark(event)
            case Checkpoint():
                self.checkpoint, self._marked, self.unsaved = event, len(self.markers), ""
            case Revealed():
                self.revealed = self.revealed or event
            case Failed() | Stopped() if self.state == "finished":  # it was to be revealed, and remains what it was
                self.trouble = event.sentence if isinstance(event, Failed) else ""
            case _:
                self._end(event)

    def lose(self, sentence: str) -> None:
        """The worker is gone and will say no more of this run."""
        if self.is_live:
            self.version += 1
            self.state, self.trouble = "lost", sentence

    def await_again(self) -> None:
        """It is to go on: what is known of it stays until it says from which step."""
        self.version += 1
        self.state, self.ending, self.trouble = "waiting", None, ""

    def _take_back(self, step: int) -> None:
        """It goes on from a checkpoint: what came after it will be told again. 0: it begins again."""
        self.ending, self.trouble, self.ended_early = None, "", ""
        # What was steered at the step of the checkpoint, but after it was written, is not in it.
        known = self._marked if self.checkpoint is not None and self.checkpoint.step == step else len(self.markers)
        self.markers = [marker for marker in self.markers[:known] if marker.step <= step and step]
        for column in (self.loss, self.batch_accuracy):
            column.take_back(step)
        self.evaluations = [event for event in self.evaluations if event.step <= step]
        self.norms = [event for event in self.norms if event.step <= step]
        self.insides = [event for event in self.insides if event.step <= step]
        self.studies = {name: event for name, event in self.studies.items() if event.step <= step and step}
        if not step:
            self.checkpoint, self.seconds, self.samples_per_s = None, 0.0, 0.0

    def _mark(self, event: Marker) -> None:
        self.markers.append(event)
        if event.kind in ("paused", "stepped") and self.is_live:
            self.state = "paused"
        elif event.kind == "resumed" and self.is_live:
            self.state = "running"
        elif (event.kind, event.key) == ("refused", "checkpoint"):
            self.unsaved = event.text

    def _end(self, event: Diverged | Finished | Failed | Stopped) -> None:
        self.ending = event
        match event:
            case Finished():
                self.state, self.step, self.samples_per_s = "finished", event.step, event.samples_per_s
                self.seconds, self.ended_early = event.seconds, event.reason
            case Stopped():
                self.state, self.step = "stopped", max(self.step, event.step)  # 0 where it only waited to go on
                self.trouble = f"{'interrupted' if event.interrupted else 'stopped'} at step {self.step}"
            case Diverged():
                self.state = "diverged"
                where = f" (first in layer {event.layer})" if event.layer else ""
                self.trouble = f"diverged at step {event.step}{where}: a lower learning rate usually helps"
            case Failed():
                self.state = "failed"
                self.trouble = event.sentence


def _keep(events: list, event: Norms | Inside) -> None:  # type: ignore[type-arg]
    if events:
        events[-1] = slim(events[-1])
    events.append(event)
    if len(events) > KEPT_PROBES:
        del events[1:-1:2]
