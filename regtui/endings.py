"""The events that end a run, one for each way in which that happens."""

from __future__ import annotations

from regtui.event_parts import Measured, RunEvent


class Diverged(RunEvent, frozen=True):
    """The loss is no longer finite. The arm stops; others go on."""

    step: int
    """First step whose loss is NaN or infinite, or at which weights that hide from the loss were found to be so."""
    layer: str
    """First layer whose output is not finite, "" where it could not be told."""
    value: float


class Finished(RunEvent, frozen=True):
    """The run is done; the last evaluation, of the weights that it ends with, has been reported."""

    step: int
    """Steps taken: all that were planned, unless there is a reason."""
    seconds: float
    """Training time without pauses and evaluations."""
    wall_seconds: float
    samples_per_s: float
    """Training samples a second over the whole run, evaluations excluded."""
    reason: str = ""
    """Why it ended before its last step, in a sentence (early stopping); "" where all steps were taken."""


class Revealed(RunEvent, frozen=True):
    """The test part of own data was looked at: the weights that the finished run ended with, measured on it."""

    step: int
    test: Measured
    samples: int
    at: str
    """UTC, 2026-01-02T03:04:05Z."""


class Failed(RunEvent, frozen=True):
    """The run could not go on. Never a traceback: that is in the file named here."""

    kind: str
    """Exception class or a short name: out-of-memory, ValueError"""
    message: str
    hint: str = ""
    traceback: str = ""
    """Path of the log that has the traceback, on the worker's machine."""
    ends_worker: bool = False
    """The worker can make no further run and is about to end; the run can go on from its last checkpoint."""

    @property
    def sentence(self) -> str:
        """What happened and what to do about it."""
        return "; ".join(part for part in (self.message, self.hint) if part)


class Stopped(RunEvent, frozen=True):
    """The run was stopped on request before its last step."""

    step: int
    interrupted: bool = False
    """Nobody asked for it: the explorer was left, killed or lost its terminal, or the worker was told to go."""


TERMINAL_EVENTS = (Diverged, Finished, Failed, Stopped, Revealed)
"""After one of these a run says nothing more."""
