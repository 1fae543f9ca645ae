"""The stored runs by arm: cheap to list, read when they are looked at, and kept only as far as they are small."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from regtui.events import Inside, Norms, Studied
from regtui.export.settings import Settings, flat
from regtui.scenario import ScenarioError, load, preset_files
from regtui.scenario.presets import preset_id
from regtui.spec import RunSpec
from regtui.store.history import RunHistory
from regtui.store.reading import ReadingError, read_shared_events, read_shared_info
from regtui.store.rundir import RunInfo

MINUTE, SECOND = len("20260102-0304"), len("20260102-030405")
"""Characters of a run's id that tell the minute, and the second, that it was asked for in."""

PLACE = "from"
"""The setting that names where a run was found."""

KEPT = 96
"""Runs whose curves are kept in memory; the figures of all others stay."""


Value = bool | int | float | str


@dataclass(frozen=True)
class Entry:
    """One stored run, its log not read yet."""

    folder: Path
    info: RunInfo
    place: str = ""
    """Where it was found, if that tells it from others: arms of different places are never taken together."""

    made: int = 0
    """When its description was written, nanoseconds: ids tell only the second."""

    @property
    def run(self) -> str:
        return self.info.run

    @property
    def spec(self) -> RunSpec:
        return self.info.spec

    @cached_property
    def settings(self) -> Settings:
        """Every setting of the run, and where it was found."""
        return flat(self.spec) | ({PLACE: self.place} if self.place else {})

    @cached_property
    def fields(self) -> dict[str, list[Value]]:
        """Everything of a run that can be asked for; data and model stand for data.name and model.name."""
        spec = self.spec
        found: dict[str, list[Value]] = {
            "arm": [spec.arm], "scenario": [spec.scenario], "seed": [spec.seed], "data": [spec.data.name],
            "model": [spec.model.name], "run": [self.run],
        }  # fmt: skip
        for key, value in self.settings.items():
            found.setdefault(key, []).append(value)
        return found

    @property
    def order(self) -> tuple[str, int, str]:
        """Sorts runs as they were asked for."""
        return self.run[:SECOND], self.made, self.run


@dataclass
class StoredArm:
    """The runs of one arm with the same settings; they differ in their seeds."""

    scenario: str
    arm: str
    name: str
    """The arm, with a number where its name stands for other settings of the scenario too."""
    settings: Settings
    entries: list[Entry] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """Tells it from all others."""
        return self.scenario, self.name, self.place

    @property
    def place(self) -> str:
        return self.entries[0].place

    @property
    def latest(self) -> dict[int, Entry]:
        """The latest run of each seed: two of one seed are no two samples."""
        found = {entry.spec.seed: entry for entry in sorted(self.entries, key=lambda entry: entry.order)}
        return dict(sorted(found.items()))


def entries(folder: Path, place: str = "") -> Iterator[Entry]:
    """The run of a run directory, or those of the directories in a folder; what is no run is passed over."""
    try:
        inside = sorted(path for path in folder.iterdir() if (path / "spec.json").is_file())
    except OSError:
        return
    for path in [folder] if (folder / "spec.json").is_file() else inside:
        try:
            yield entry_of(path, place)
        except ReadingError:
            continue


def entry_of(folder: Path, place: str = "") -> Entry:
    """The run of a run directory. Raises ReadingError."""
    info = read_shared_info(folder)
    try:
        made = (folder / "spec.json").stat().st_mtime_ns
    except OSError:
        made = 0
    return Entry(folder, info, place, made)


def grouped(found: Iterable[Entry]) -> list[StoredArm]:
    """The arms, those with the latest runs first; equal names with other settings are told apart by a number."""
    groups: dict[tuple[str, str], list[StoredArm]] = {}
    for entry in sorted(found, key=lambda entry: entry.order):
        settings = entry.settings
        same = groups.setdefault((entry.spec.scenario, entry.spec.arm), [])
        group = next((group for group in same if group.settings == settings), None)
        if group is None:
            namesakes = sum(group.place == entry.place for group in same)
            name = f"{entry.spec.arm} ({namesakes + 1})" if namesakes else entry.spec.arm
            group = StoredArm(entry.spec.scenario, entry.spec.arm, name, settings)
            same.append(group)
        group.entries.append(entry)
    arms = [group for same in groups.values() for group in same]
    arms.sort(key=lambda arm: (arm.scenario, _rank(arm), arm.entries[0].order))
    # What was asked for in the same minute stays in the order of its scenario.
    return sorted(arms, key=lambda arm: arm.entries[-1].run[:MINUTE], reverse=True)


def _rank(arm: StoredArm) -> int:
    """Its place among the arms of a preset; an arm of the user's own comes after them."""
    names = _arms_of_preset(arm.scenario)
    return names.index(arm.arm) if arm.arm in names else len(names)


@cache
def _arms_of_preset(scenario: str) -> tuple[str, ...]:
    for path in preset_files():
        if preset_id(path) == scenario:
            try:
                return tuple(arm.name for arm in load(path).arms)
            except ScenarioError:
                break
    return ()


class Library:
    """Reads logs when they are asked for, and again only when they have grown."""

    def __init__(self) -> None:
        self._read: OrderedDict[Path, tuple[tuple[int, int], RunHistory]] = OrderedDict()

    def history(self, entry: Entry) -> RunHistory:
        """What the log of a run adds up to: its curves, evaluations, markers and its end; no probes."""
        stamp = _stamp(entry.folder)
        known = self._read.get(entry.folder)
        if known is not None and known[0] == stamp:
            self._read.move_to_end(entry.folder)
            return known[1]
        history = RunHistory(entry.run, entry.spec)
        for event in read_shared_events(entry.folder, entry.run, without=(Norms, Inside, Studied)):
            history.apply(event)
        self._read[entry.folder] = stamp, history
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return history


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        found = (folder / "events.jsonl").stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
