"""A stored run that may still be written: its log read as it grows, and whether anyone writes it still."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from regtui.events import AnyRunEvent
from regtui.store.history import RunHistory
from regtui.store.presence import presence_of
from regtui.store.reading import Tail, decode_shared, read_shared_info

Pulse = Literal["ended", "live", "silent", "crashed"]

SILENT_AFTER = 15.0
"""Seconds without a word of a run that trains which are worth a remark; it reports four times a second."""
SURE_FOR = 3.0
"""Seconds after a word for which nobody looks for the writer."""
CRASHED_AFTER = 600.0
"""Seconds of silence after which nobody counts on a writer that cannot be asked: W&B's leet takes ten minutes, too."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a run goes on."""

    pulse: Pulse
    silence: float = 0.0
    """Seconds since its log last grew."""
    sentence: str = ""
    """Why it counts as silent or crashed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a log."""

    events: tuple[AnyRunEvent, ...]
    restarts: int
    """How often the log had begun again by then: what was taken in before counts no more."""


class Follower:
    """One run directory. `look` reads what is new, `take` takes it in; `run` is what it adds up to."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Raises ReadingError for a directory that is no run."""
        self.folder = folder
        self.info = read_shared_info(folder)
        self.run = RunHistory(self.info.run, self.info.spec)
        self._tail = Tail(folder / "events.jsonl")
        self._restarts = 0
        self._clock = clock

    def look(self) -> Piece | None:
        """The next piece of the log, not taken in yet; None at its end. May wait for the disk, on any one thread."""
        lines = self._tail.read()
        if lines is None:
            return None
        found = (decode_shared(line, self.info.run) for line in lines)
        return Piece(tuple(event for event in found if event is not None), self._tail.restarts)

    def take(self, piece: Piece) -> None:
        """Take in what a look has found."""
        if piece.restarts != self._restarts:
            self._restarts = piece.restarts
            version = self.run.version
            self.run = RunHistory(self.info.run, self.info.spec)
            self.run.version = version + 1
        for event in piece.events:
            self.run.apply(event)

    def catch_up(self) -> None:
        """Take in all that there is."""
        while (piece := self.look()) is not None:
            self.take(piece)

    def condition(self) -> Condition:
        """Whether the run has ended, goes on, or was left by whoever wrote it."""
        if not self.run.is_live:
            return Condition("ended")
        silence = max(0.0, self._clock() - self._last_word())
        if silence < SURE_FOR:
            return Condition("live", silence)
        writer = presence_of(self.folder)
        if writer.state == "gone":
            return Condition("crashed", silence, f"the process that wrote it is gone{writer.named}")
        if (self.run.state == "running" and silence > SILENT_AFTER) or silence > CRASHED_AFTER:
            if writer.state == "unknown" and silence > CRASHED_AFTER:
                return Condition("crashed", silence, f"no word for {round(silence / 60)} min")
            if self.run.state == "running":
                return Condition("silent", silence, f"silent for {round(silence)} s")
        return Condition("live", silence)

    def _last_word(self) -> float:
        times = []
        for name in ("events.jsonl", "spec.json"):
            try:
                times.append((self.folder / name).stat().st_mtime)
            except OSError:
                continue
        return max(times, default=0.0)
