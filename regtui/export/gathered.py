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
    """A run of the comparison keeps its test part for a reveal, so that all show validation."""

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
    sealed = any(is_own(run.spec.data.name) and run.history.revealed is None for run in runs)
    for group in groups:
        group.is_sealed = sealed
    return groups


def scenario_of(runs: Sequence[StoredRun]) -> Scenario | None:
    """The preset that all runs belong to; None where there is none."""
    (first, *others) = {run.spec.scenario for run in runs}
    if others:
        return None
    for path in preset_files():
        if preset_id(path) == first:
            try:
                return load(path)
            except ScenarioError:
                return None
    return None


def verdicts(scenario: Scenario, groups: Sequence[Group]) -> list[Verdict]:
    """The scenario's claims, judged on runs that finished unsteered; arms and groups are the same by now."""
    results = {group.arm: group.results() for group in groups}
    return [judge(claim, results) for claim in scenario.claims]


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
