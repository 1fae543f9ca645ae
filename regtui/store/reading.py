"""Read a run directory that anyone may have written: bounded, typed, and with nothing that a terminal obeys.

A run that is shared may hold anything: escape sequences in names, numbers beyond all floats, a line without an end, a
pipe in the place of the log. What cannot be used is passed over or refused with a sentence; nothing is executed.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from regtui import events
from regtui.events import Answer, AnyRunEvent, Evaluated, Event, EventError, Hello, Inside, Norms, Started, Steps
from regtui.files import open_file
from regtui.scenario import Scenario
from regtui.scenario.errors import printable
from regtui.store.origin import FILE as SCENARIO
from regtui.store.rundir import RunInfo

S = TypeVar("S", bound=msgspec.Struct)

LARGEST_SPEC = 1 << 20
"""Bytes of a spec.json; real ones have a thousand."""
LONGEST_LINE = 1 << 20
"""Bytes of one event; real ones have a few thousand. Longer ones are passed over."""
CHUNK = 1 << 18
"""Bytes that are read at a time."""
LONGEST_TEXT = 400
"""Characters that are kept of a text."""

_LARGEST_FLOAT, _LARGEST_INT = 1e100, 2**62
"""What lies beyond is no measurement: fractions become infinite, which charts leave out, the rest is passed over."""
_LAST_STEP = 10**15
"""No run gets that far."""

_DOUBTFUL = re.compile(rb'\\|[^\x20-\x7e\n]|\d{16}|[eE]\+?\d{3}|"[^"]{400}')
"""What an ordinary line does not have; only lines with it are looked at number by number."""


class ReadingError(Exception):
    """A directory that cannot be read as a run; the sentence says what was found."""


class _AbsurdError(ValueError):
    """A number that no run can have reported."""


def read_shared_info(folder: Path) -> RunInfo:
    """What the run is, every text of it printable. Raises ReadingError."""
    return read_shared(folder / "spec.json", RunInfo)


def read_shared(path: Path, type_: type[S]) -> S:
    """A JSON file of a run directory, every text of it printable. Raises ReadingError."""
    try:
        with open_file(path) as file:
            content = file.read(LARGEST_SPEC + 1)
        if len(content) > LARGEST_SPEC:
            raise ReadingError(f"{_shown(path)} is larger than {LARGEST_SPEC} bytes; no description of a run is")
        return msgspec.convert(_cleaned(msgspec.json.decode(content)), type_)
    except OSError as error:
        raise ReadingError(f"{_shown(path)} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ReadingError(f"{_shown(path)} is not the description of a run: {printable(str(error))[:200]}") from None


def read_scenario(folder: Path) -> Scenario | None:
    """The scenario that a run was recorded with; None where there is none, or one that this version cannot read."""
    try:
        return read_shared(folder / SCENARIO, Scenario)
    except ReadingError:
        return None


def decode_shared(line: bytes, run: str) -> AnyRunEvent | None:
    """The event of a line of that run's log; None for anything else."""
    try:
        if _DOUBTFUL.search(line):
            line = msgspec.json.encode(_spelled_out(_cleaned(msgspec.json.decode(line))))
        event = events.decode(line)
    except (EventError, ValueError, RecursionError):
        return None
    if isinstance(event, (Hello, Answer)) or event.run != run or not _is_sound(event):
        return None
    return event


class Tail:
    """The complete lines of a log, as far as it is written; `read` goes on where it ended.

    A torn last line waits for its rest. A log that was replaced or cut is read from its beginning again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        """The beginning of a line that has no end yet."""
        self._is_skipping = False
        """Within a line that is too long."""
        self._identity: tuple[int, int] | None = None
        self.restarts = 0
        """How often it began again."""

    def read(self, most: int = CHUNK) -> list[bytes] | None:
        """The lines that ended in the next `most` bytes; None at the end of what there is."""
        try:
            with open_file(self._path) as file:
                found = os.fstat(file.fileno())
                identity = (found.st_dev, found.st_ino)
                if self._identity not in (None, identity) or found.st_size < self._offset:
                    self._offset, self._rest, self._is_skipping = 0, b"", False
                    self.restarts += 1
                self._identity = identity
                file.seek(self._offset)
                chunk = file.read(most)
        except OSError:
            return None
        if not chunk:
            return None
        self._offset += len(chunk)
        *lines, rest = (self._rest + chunk).split(b"\n")
        if self._is_skipping and lines:
            lines.pop(0)
            self._is_skipping = False
        if len(rest) > LONGEST_LINE:
            rest, self._is_skipping = b"", True
        self._rest = b"" if self._is_skipping else rest
        return [line for line in lines if 0 < len(line) <= LONGEST_LINE]


def read_shared_events(folder: Path, run: str, *, without: tuple[type[Event], ...] = ()) -> Iterator[AnyRunEvent]:
    """All events of a run directory that can be used, in order; those of some kinds are not even decoded."""
    tail = Tail(folder / "events.jsonl")
    passed_over = tuple(b'{"event":"%s"' % kind.__name__.lower().encode() for kind in without)
    while (lines := tail.read()) is not None:
        for line in lines:
            event = None if line.startswith(passed_over) else decode_shared(line, run)
            if event is not None:
                yield event


def _cleaned(value: Any) -> Any:
    """The same with printable, bounded texts and numbers that fit a chart. Raises _AbsurdError."""
    if isinstance(value, str):
        return value if value in ("nan", "inf", "-inf") else printable(value[:LONGEST_TEXT])
    if isinstance(value, float):
        return value if abs(value) <= _LARGEST_FLOAT or math.isnan(value) else math.copysign(math.inf, value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_INT:
        raise _AbsurdError
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _spelled_out(value: Any) -> Any:
    """JSON knows no infinity: as a text, which an event's float is read from."""
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: _spelled_out(item) for key, item in value.items()}
    return [_spelled_out(item) for item in value] if isinstance(value, list) else value


def _is_sound(event: AnyRunEvent) -> bool:
    """Whether its steps and times can be reckoned with."""
    if not 0 <= getattr(event, "step", 0) <= _LAST_STEP or not math.isfinite(getattr(event, "seconds", 0.0)):
        return False
    if isinstance(event, Started):
        return max(event.total_steps, event.steps_per_epoch, event.start_step) <= _LAST_STEP
    if isinstance(event, Steps):
        buckets = (*event.loss, *event.accuracy)
        return all(1 <= bucket.count <= _LAST_STEP and 0 <= bucket.first <= _LAST_STEP for bucket in buckets)
    if isinstance(event, (Inside, Norms)):
        return bool(event.layers)
    if isinstance(event, Evaluated):
        measured = (event.train, event.validation, event.test, event.true_train)
        percent = [one.accuracy for one in measured if one is not None]
        return math.isfinite(event.epoch) and not any(value < 0 or value > 100 for value in percent)
    return True


def _shown(path: Path) -> str:
    return printable(str(path))
