"""A sweep on disk: `<store>/sweeps/<id>/` with sweep.json, Optuna's journal, trials.jsonl, standing.json and, at the
end, result.json, the winner as a scenario file and, where it can be said in plain code, as a script.

The id is a hash of what is searched and how, so the same command goes on with the same sweep. trials.jsonl and
standing.json are for those who watch: a line whenever a trial changes, and where the search is; the journal is what a
resumed sweep believes.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

import msgspec

from regtui import data
from regtui.files import decoded, read_file
from regtui.scenario import Arm
from regtui.spec import ENGINE_VERSION, Scalar
from regtui.store.lock import hold, is_held
from regtui.sweep.space import Dimension

State = Literal["running", "complete", "pruned", "failed", "interrupted"]
"""interrupted: its process ended; a trial of another number has its values again."""
Phase = Literal["search", "comparison", "done"]
Part = Literal["test", "validation"]
"""What the winner is compared on: of own data validation, until somebody asks for the test part."""

STOP = "stop"
"""A file whose presence asks the process to end, wherever it runs."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """sweep.json: what is searched, and how."""

    scenario: str
    arm: Arm
    """The arm that trials change, with every regularizer that they need."""
    space: tuple[Dimension, ...]
    sampler: str
    pruner: str
    seeds: int
    """Paired seeds of a trial; their mean counts."""
    seed: int
    """Of the sampler."""
    engine: int = ENGINE_VERSION

    @property
    def id(self) -> str:
        """Eight hex digits over all of it; the number of trials is not in it, so that more can be asked for."""
        content = msgspec.json.encode(
            (self, self.arm.data.content or data.content_hash(self.arm.data.name)), order="deterministic"
        )
        return hashlib.sha256(content).hexdigest()[:8]


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of trials.jsonl: the latest one of a number counts."""

    number: int
    params: dict[str, Scalar]
    state: State
    runs: tuple[str, ...] = ()
    """Ids in the run store, a seed each."""
    validation: float | None = None
    """Mean validation accuracy over the seeds, percent; the latest where the trial still runs."""
    point: int = 0
    """Evaluation points done."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """standing.json: where a sweep is, beyond its trials."""

    wanted: int
    """Trials that are to count."""
    phase: Phase = "search"
    importance: dict[str, float] = {}
    """Share of each setting in the differences between good and other trials so far, in sum 1; empty: too few."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What of result.json is told to those who watch."""

    arm: str
    """The unswept one."""
    gain: float | None = None
    """Accuracy of the winner minus that of the unswept arm, points."""
    gain_ci95: tuple[float, float] | None = None
    part: Part = "test"
    """Of which part of the data."""
    script: str | None = None


class BusyError(Exception):
    """Another process works on the same sweep."""


class Folder:
    """The directory of a sweep, held by one process at a time."""

    def __init__(self, root: Path, plan: Plan) -> None:
        """`root` is the run store. Raises OSError where it cannot be written."""
        self.path = root / "sweeps" / plan.id
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.is_new = not self.journal.exists()
        _replace(self.path / "sweep.json", msgspec.json.format(msgspec.json.encode(plan)))
        self._lock: BinaryIO | None = None
        self._lines: BinaryIO | None = None

    @property
    def journal(self) -> Path:
        return self.path / "journal.log"

    def __enter__(self) -> Self:
        """Raises BusyError."""
        self._lock = (self.path / "lock").open("ab")
        if not hold(self._lock):
            raise BusyError(f"another process works on this sweep; its folder is {self.path}")
        (self.path / STOP).unlink(missing_ok=True)
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()).encode())
        self._lock.flush()
        self._lines = (self.path / "trials.jsonl").open("ab+", buffering=0)
        if self._lines.tell():
            self._lines.seek(-1, os.SEEK_END)
            if self._lines.read(1) != b"\n":
                self._lines.write(b"\n")  # a torn last line must not swallow the next one
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        for file in (self._lines, self._lock):
            if file is not None:
                file.close()

    def write(self, trial: Trial) -> None:
        """One line, one write."""
        if self._lines is not None:
            self._lines.write(msgspec.json.encode(trial) + b"\n")

    @property
    def is_told_to_stop(self) -> bool:
        """Whether somebody who watches asked for the end."""
        return (self.path / STOP).exists()

    def stand(self, standing: Standing) -> None:
        """Tell those who watch."""
        _replace(self.path / "standing.json", msgspec.json.encode(standing))

    def finish(self, result: object) -> None:
        """Keep the result."""
        _replace(self.path / "result.json", msgspec.json.format(msgspec.json.encode(result)))


def read_plan(folder: Path) -> Plan:
    """sweep.json. Raises OSError or msgspec.DecodeError."""
    return decoded(read_file(folder / "sweep.json"), Plan)


def read_standing(folder: Path) -> Standing:
    """standing.json; where there is none, or none that can be read, nothing is wanted."""
    try:
        return decoded(read_file(folder / "standing.json"), Standing)
    except (OSError, msgspec.DecodeError):
        return Standing(wanted=0)


def is_worked_on(folder: Path) -> bool:
    """Whether a process searches now, as far as the system can tell."""
    return is_held(folder, "lock")


def ask_to_stop(folder: Path) -> None:
    """Have the process that works on a sweep end; it looks once a second. Raises OSError."""
    (folder / STOP).touch(mode=0o600)


def read_told(folder: Path) -> Told | None:
    """result.json; None where there is none that can be read."""
    try:
        return decoded(read_file(folder / "result.json"), Told)
    except (OSError, msgspec.DecodeError):
        return None


def folder_of(root: Path, pid: int) -> Path | None:
    """The folder of the sweep in a run store that a process of this machine works on."""
    for lock in (root / "sweeps").glob("*/lock"):
        try:
            if lock.read_text(encoding="ascii") == str(pid) and is_worked_on(lock.parent):
                return lock.parent
        except (OSError, UnicodeDecodeError):
            continue
    return None


def read_trials(folder: Path) -> list[Trial]:
    """The trials by number, as the last complete line of each says."""
    path = folder / "trials.jsonl"
    if not path.exists():
        return []
    found: dict[int, Trial] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            trial = decoded(line, Trial)
        except msgspec.DecodeError:
            continue
        found[trial.number] = trial
    return [found[number] for number in sorted(found)]


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
