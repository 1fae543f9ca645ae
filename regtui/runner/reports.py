"""What a runner tells its owner: the events of runs, and what happens to the workers themselves."""

from __future__ import annotations

from dataclasses import dataclass

from regtui.events import AnyAnswer, AnyRunEvent, Hello


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker said hello."""

    worker: int
    hello: Hello


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone without being asked to go."""

    worker: int
    runs: tuple[str, ...]
    """Runs it had in hand; they say no more."""
    sentence: str
    """What happened and what to do."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """A line that is no event; it was skipped and the worker goes on."""

    worker: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Log:
    """What a worker printed besides its events."""

    run: str
    """The run it had in hand, "" for none."""
    text: bytes


Report = AnyRunEvent | AnyAnswer | Ready | Lost | Garbled | Log
