"""What a run is told, from the reader's thread to the loop, and how the loop obeys at block boundaries."""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from regtui.commands import Pause, Probe, Resume, RunCommand, SaveCheckpoint, Set, SetMode, Step, Stop
from regtui.engine.training import Training
from regtui.modes import MODE_KEY


class Control:
    """The mailbox of one run. Every method may be called from any thread."""

    def __init__(self, changed: threading.Condition | None = None) -> None:
        """`changed` is notified of every change; runs that are made together share one."""
        self._commands: deque[RunCommand | Probe] = deque()
        self._changed = changed or threading.Condition()
        self._ended = False

    def send(self, command: RunCommand | Probe) -> None:
        """Tell the run something; it obeys at its next block boundary, in the order of the calls."""
        with self._changed:
            self._commands.append(command)
            self._changed.notify_all()

    def end(self) -> None:
        """Nobody listens any more: the run ends at its next block boundary, whatever else it was told."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Whether nobody listens any more."""
        return self._ended

    @property
    def has_news(self) -> bool:
        """Whether there is a command, or nobody listens any more."""
        return bool(self._commands) or self._ended

    def wait(self) -> None:
        """Wait until there is a command or nobody listens any more."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_news)

    def take(self) -> list[RunCommand | Probe]:
        """All commands so far, oldest first."""
        with self._changed:
            taken = list(self._commands)
            self._commands.clear()
            return taken


class Notes(Protocol):
    """Says what happened to a run at its current step."""

    def __call__(self, kind: str, *, key: str = "", value: float | str = "", text: str = "") -> None: ...


class Obeying(Protocol):
    """What can be asked of the loop of a run."""

    def save(self) -> None:
        """Write a checkpoint."""

    def answer(self, probe: Probe) -> None:
        """Look at what is asked for."""


class Steering:
    """Whether and how far a run may go on.

    It does not keep the loop that obeys: the two would hold each other, and with them all memory of a run that is over,
    until Python looks for such circles.
    """

    def __init__(self, control: Control, training: Training, note: Notes) -> None:
        self._control = control
        self._training = training
        self._note = note
        self._held = False
        self._until: int | None = None
        """Hold again after this step; None: no end was set."""
        self._stepped_from = 0
        self._stopped = False

    def obey(self, loop: Obeying) -> None:
        """Obey what has been told so far."""
        self.mark_steps_done()
        for command in self._control.take():
            self._obey(command, loop)

    @property
    def is_held(self) -> bool:
        """Whether the run is to take no step before it is told more."""
        return self._held and not self.over

    @property
    def over(self) -> bool:
        """Whether the run was told to stop or nobody listens any more."""
        return self._stopped or self._control.ended

    @property
    def is_interrupted(self) -> bool:
        """Whether it is over though nobody asked this run to stop."""
        return self._control.ended and not self._stopped

    def allowance(self, wanted: int) -> int:
        """How many of the wanted steps may be taken before the run holds again."""
        return wanted if self._until is None else min(wanted, self._until - self._training.step)

    def mark_steps_done(self) -> None:
        """Hold and say so once the steps that were asked for are done."""
        if self._until is not None and self._training.step >= self._until:
            self._note("stepped", value=self._training.step - self._stepped_from)
            self._until, self._held = None, True

    def _obey(self, command: RunCommand | Probe, loop: Obeying) -> None:
        match command:
            case Pause():
                if not self._held:
                    self._note("paused")
                self._held, self._until = True, None
            case Resume():
                if self._held or self._until is not None:
                    self._note("resumed")
                self._held, self._until = False, None
            case Step(count=count):
                if count < 1:
                    self._note("refused", key="step", value=count, text="step needs a count of at least 1")
                    return
                if self._until is None:
                    self._stepped_from = self._until = self._training.step
                self._until += count
                self._held = False
            case Set(key=key, value=value):
                try:
                    self._training.set(key, value)
                except (KeyError, ValueError) as error:
                    self._note("refused", key=key, value=value, text=str(error.args[0]))
                else:
                    self._note("set", key=key, value=value)
            case SetMode(mode=mode):
                if mode != self._training.mode:
                    self._training.switch_to(mode)
                    self._note("set", key=MODE_KEY, value=mode)
            case SaveCheckpoint():
                loop.save()
            case Stop():
                self._stopped = True
            case Probe():
                loop.answer(command)
