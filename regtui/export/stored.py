"""Find stored runs by what people type, and read all that was recorded of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from regtui.events import AnyRunEvent, RunEvent
from regtui.export.errors import ExportError
from regtui.scenario.errors import printable
from regtui.spec import RunSpec
from regtui.store import RunHistory, RunInfo, list_runs
from regtui.store.presence import is_being_written
from regtui.store.rewind import what_counts
from regtui.store.rundir import read_events, read_info

E = TypeVar("E", bound=RunEvent)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What the id of a run may be: a shared directory could hold any, and ids become names of files."""


@dataclass(frozen=True)
class StoredRun:
    """A run directory, read: every event as it was recorded, and the state that they add up to."""

    folder: Path
    info: RunInfo
    events: tuple[AnyRunEvent, ...]
    history: RunHistory

    @property
    def run(self) -> str:
        return self.info.run

    @property
    def spec(self) -> RunSpec:
        return self.info.spec

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


def find(name: str, root: Path) -> StoredRun:
    """The run of an id, of a unique beginning of one, or of a run directory. Raises ExportError.

    root  the run store in which ids are looked up
    """
    return read(locate(name, root))


def locate(name: str, root: Path) -> Path:
    """The directory of such a run. Raises ExportError."""
    folder = Path(name)
    if os.path.isfile(folder / "spec.json"):  # noqa: PTH113  # Path.is_file raises for a name that is too long
        return folder
    runs = [info.run for info in list_runs(root)]
    found = [run for run in runs if name and run.startswith(name)]
    if len(found) == 1:
        return root / found[0]
    if found:
        some = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        raise ExportError(f"{name} is the beginning of {len(found)} runs: {some}; write more of the one that is meant")
    if os.path.isdir(folder):  # noqa: PTH112
        raise ExportError(f"{printable(name)} is a directory without spec.json; a run directory has one")
    raise ExportError(
        f"{printable(name)} is neither a run directory nor the beginning of one of the {len(runs)} runs in {root}; "
        "`regtui runs` lists them, and --out DIR names another store"
    )


def read(folder: Path) -> StoredRun:
    """All of a run directory. Raises ExportError for one that is damaged."""
    try:
        info = read_info(folder)
        if not _NAME.fullmatch(info.run):
            raise ExportError(
                f"{folder / 'spec.json'} has the id {printable(info.run)!r}; allowed are letters, digits and -"
            )
        history = RunHistory(info.run, info.spec)
        events = tuple(what_counts(_applied(history, folder)))
    except msgspec.DecodeError as error:
        raise ExportError(f"{folder / 'spec.json'} is not the description of a run: {error}") from None
    except OSError as error:
        raise ExportError(f"{folder} cannot be read: {error.strerror}") from None
    if history.is_live and not is_being_written(folder):
        history.lose("the record ends before the run did")
    return StoredRun(folder, info, events, history)


def _applied(history: RunHistory, folder: Path) -> Iterator[AnyRunEvent]:
    for event in read_events(folder):
        history.apply(event)
        yield event
