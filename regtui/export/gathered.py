"""Several runs as a comparison: grouped into arms, judged by the claims of their scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from regtui.claims import Verdict, judge
from regtui.events import Evaluated
from regtui.export.settings import Settings, flat
from regtui.export.stored import StoredRun
from regtui.own.names import is_own
from regtui.scenario import Scenario, ScenarioError, load, preset_files
from regtui.scenario.presets import preset_id
from regtui.store.reading import read_scenario

Point = tuple[float, float]
BINS = 60
"""Points of a curve of training batches; each is the mean of its part of the epochs."""


@dataclass
class Group:
    """The runs of one arm with the same settings; they differ in their seeds."""

    arm: str
    name: str
    """The arm, with a number where its name stands for other settings too."""
    settings: Settings
    look: int
    runs: list[StoredRun] = field(default_factory=list)
    is_sealed: bool = False
    """A run of the comparison has no test figure, so that all show validation."""

    @property
    def shown(self) -> list[StoredRun]:
        """The latest run of each seed: two of one seed are no two samples."""
        latest = {run.spec.seed: run for run in sorted(self.runs, key=lambda run: run.run)}
        return [latest[seed] for seed in sorted(latest)]

    def results(self) -> dict[int, Evaluated]:
        """By seed, the last evaluation of those that finished unsteered."""
        found = {run.spec.seed: run.history.result for run in self.shown if run.history.result is not None}
        if self.is_sealed:
            return {seed: msgspec.structs.replace(result, test=None) for seed, result in found.items()}
        return found


def grouped(runs: Sequence[StoredRun]) -> list[Group]:
    """The arms in the order in which the runs were named; equal names with other settings are told apart by number."""
    groups: list[Group] = []
    scenarios = {run.spec.scenario for run in runs}
    for run in runs:
        settings = flat(run.spec)
        arm = run.spec.arm if len(scenarios) == 1 else f"{run.spec.scenario}: {run.spec.arm}"
        same = [group for group in groups if group.arm == arm]
        group = next((group for group in same if group.settings == settings), None)
        if group is None:
            name = f"{arm} ({len(same) + 1})" if same else arm
            group = Group(arm, name, settings, len(groups))
            groups.append(group)
        group.runs.append(run)
    sealed = _is_by_validation(runs)
    for group in groups:
        group.is_sealed = sealed
    return groups


def _is_by_validation(runs: Sequence[StoredRun]) -> bool:
    """Own data that were not revealed, or loops of which one measured no test set and all validation."""
    if any(is_own(run.spec.data.name) and run.history.revealed is None for run in runs):
        return True
    last = [run.history.measured for run in runs if run.history.measured is not None]
    return any(one.test is None for one in last) and all(one.validation is not None for one in last)


@dataclass(frozen=True)
class Origin:
    """The scenario of several runs."""

    scenario: Scenario | None
    missing: str = ""
    """Why there is none, in a sentence."""


def origin_of(runs: Sequence[StoredRun]) -> Origin:
    """The scenario that all runs belong to, as it was stored with them; for older runs the preset of its name.

    Runs that were made with some of the arms know some of the claims: the one that knows most speaks for all, and the
    preset where it has those claims and more.
    """
    names = list(dict.fromkeys(run.spec.scenario for run in runs))
    if len(names) > 1:
        return Origin(None, f"they belong to {len(names)} scenarios, and a claim compares runs of one")
    stored = [found for run in runs if (found := read_scenario(run.folder)) is not None]
    best = max(stored, key=lambda scenario: len(scenario.claims), default=None)
    preset = _preset(names[0])
    if preset is not None and (best is None or all(claim in preset.claims for claim in best.claims)):
        return Origin(preset)
    if best is not None:
        return Origin(best)
    return Origin(None, f"{names[0]} is no preset, and its runs were stored without their scenario")


def _preset(name: str) -> Scenario | None:
    for path in preset_files():
        if preset_id(path) == name:
            try:
                return load(path)
            except ScenarioError:
                return None
    return None


def verdicts(scenario: Scenario, groups: Sequence[Group]) -> list[Verdict]:
    """The scenario's claims, judged on runs that finished unsteered; arms and groups are the same by now."""
    results = {group.arm: group.results() for group in groups}
    diverged = {
        group.arm: [run.spec.seed for run in group.shown if run.history.state == "diverged"] for group in groups
    }
    return [judge(claim, results, diverged) for claim in scenario.claims]


def evaluated(run: StoredRun, split: str, what: str) -> list[Point]:
    """A figure of every evaluation by epoch; `split` is train, validation or test, `what` accuracy or loss."""
    measured = [(event.epoch, getattr(event, split)) for event in run.history.evaluations]
    return [(epoch, getattr(found, what)) for epoch, found in measured if found is not None]


def gaps(run: StoredRun) -> list[Point]:
    """The gap of every evaluation by epoch, percentage points."""
    return [(event.epoch, event.gap) for event in run.history.evaluations if event.gap is not None]


def batch_losses(run: StoredRun) -> list[Point]:
    """The loss of the training batches, a mean for each of at most `BINS` equal parts of the run, by epoch."""
    history = run.history
    parts: dict[int, list[tuple[float, int]]] = {}
    width = max(1.0, history.total_steps / BINS)
    for bucket in history.loss:
        if math.isfinite(bucket.mean):
            parts.setdefault(int((bucket.first - 1) // width), []).append((bucket.mean, bucket.count))
    return [
        ((part + 1) * width / history.steps_per_epoch, math.fsum(m * n for m, n in found) / sum(n for _, n in found))
        for part, found in sorted(parts.items())
    ]
