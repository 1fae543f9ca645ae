"""What stored arms came to, in which settings they differ, and by how much, over paired seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from regtui.claims import Interval, interval, read
from regtui.compare.library import Entry, StoredArm
from regtui.events import Evaluated
from regtui.export.settings import differing
from regtui.store.history import RunHistory

COLUMNS = ("train_accuracy", "test_accuracy", "gap")
LAST_RESORT = ("train_accuracy", "validation_accuracy")
"""The columns where nothing was measured on a test set."""


@dataclass(frozen=True, slots=True)
class RunState:
    """One run of an arm, and whether its figures count."""

    entry: Entry
    state: str
    steered: bool
    counted: bool
    """Finished, not steered, and the latest of its seed."""


@dataclass
class Standing:
    """An arm's figures over the runs that count."""

    arm: StoredArm
    runs: list[RunState]
    results: dict[int, Evaluated]
    """By seed: the last evaluation of the runs that count."""
    final: dict[str, Interval | None]
    """By metric of `COLUMNS`: mean and 95 % interval over seeds."""
    best: Interval | None
    """The highest test accuracy of each seed's evaluations; chosen afterwards, so better than it would be again."""
    best_epoch: float | None
    """The mean of the epochs at which that was."""
    against: StoredArm | None = None
    """What it is paired with; None for the reference itself and where nothing pairs."""
    paired: dict[str, Interval | None] = field(default_factory=dict)
    """By metric: this arm minus the other one over the seeds that both have."""

    @property
    def left_out(self) -> list[str]:
        """Why runs do not count: "2 steered", "1 diverged"."""
        reasons: dict[str, int] = {}
        latest = {entry.run for entry in self.arm.latest.values()}
        for run in self.runs:
            if not run.counted and run.entry.run in latest:
                reason = "steered" if run.steered else {"running": "unfinished", "paused": "unfinished",
                                                        "waiting": "not begun"}.get(run.state, run.state)  # fmt: skip
                reasons[reason] = reasons.get(reason, 0) + 1
        return [f"{count} {reason}" for reason, count in reasons.items()]


History = Callable[[Entry], RunHistory]


def standing_of(arm: StoredArm, history: History) -> Standing:
    """Figures of one arm; `history` reads a log."""
    latest = {entry.run: seed for seed, entry in arm.latest.items()}
    runs: list[RunState] = []
    results: dict[int, Evaluated] = {}
    best: list[tuple[float, float]] = []
    for entry in sorted(arm.entries, key=lambda entry: (entry.spec.seed, entry.order)):
        run = history(entry)
        counted = entry.run in latest and run.result is not None
        runs.append(RunState(entry, run.state, run.is_steered, counted))
        if counted and run.result is not None:
            results[entry.spec.seed] = run.result
            if highest := _best(run.evaluations):
                best.append(highest)
    return Standing(
        arm=arm, runs=runs, results=results,
        final={metric: _summary(results.values(), metric) for metric in (*COLUMNS, *LAST_RESORT)},
        best=interval([value for value, _ in best]) if best else None,
        best_epoch=math.fsum(epoch for _, epoch in best) / len(best) if best else None,
    )  # fmt: skip


def columns(standings: Sequence[Standing]) -> tuple[str, ...]:
    """The metrics that a table of these arms has columns for."""
    has_test = any(one.final["test_accuracy"] for one in standings) or not standings
    return COLUMNS if has_test else LAST_RESORT


def pair(standings: Sequence[Standing], reference: tuple[str, str, str] | None = None) -> None:
    """Pair each arm by seed: with the reference arm of its scenario, or with itself as it is in the first place.

    reference  key of an arm; others of its scenario are compared with it, else with the scenario's first one

    Equal seeds mean equal initial weights and batches within a scenario only, so nothing pairs across scenarios.
    """
    places = [one.arm.place for one in standings]
    for one in standings:
        same = [other for other in standings if other.arm.scenario == one.arm.scenario]
        chosen = next((other for other in same if other.arm.key == reference), same[0])
        if one.arm.place != places[0]:
            twin = [other for other in same if other.arm.place == places[0] and other.arm.arm == one.arm.arm]
            chosen = twin[0] if twin and reference is None else chosen
        one.against = None if chosen is one else chosen.arm
        one.paired = {} if chosen is one else {
            metric: _difference(one.results, chosen.results, metric) for metric in (*COLUMNS, *LAST_RESORT)
        }  # fmt: skip


def differences(arms: Sequence[StoredArm]) -> list[tuple[str, list[Any]]]:
    """Only the settings that are not the same in all: (key, a value an arm, None where it has none)."""
    settings = [arm.settings for arm in arms]
    return [(key, [one.get(key) for one in settings]) for key in differing(settings)]


def outline(arms: Sequence[StoredArm]) -> list[tuple[str, list[Any]]]:
    """The differences for people: a regularizer that some arms lack, and that is alike in the others, is one row."""
    rows = differences(arms)
    by_entry: dict[str, list[tuple[str, list[Any]]]] = {}
    for key, values in rows:
        by_entry.setdefault(_entry(key), []).append((key, values))
    found: list[tuple[str, list[Any]]] = []
    for entry, own in by_entry.items():
        if len(own) > 1 and entry and all(len({repr(v) for v in values if v is not None}) == 1 for _, values in own):
            found.append((entry, [None if value is None else "on" for value in own[0][1]]))
        else:
            found += own
    return found


def _entry(key: str) -> str:
    """dropout@head.p belongs to dropout@head; a setting of data, model or training belongs to no entry but itself."""
    head = key.rpartition(".")[0]
    return key if head.partition(".")[0] in ("data", "model", "train", "") else head


def _best(evaluations: Sequence[Evaluated]) -> tuple[float, float] | None:
    found = [
        (measured.accuracy, event.epoch)
        for event in evaluations
        if (measured := event.test or event.validation) is not None and math.isfinite(measured.accuracy)
    ]
    return max(found, key=lambda row: row[0], default=None)


def _summary(evaluations: Any, metric: str) -> Interval | None:
    found = [value for one in evaluations if (value := read(metric, one)) is not None and math.isfinite(value)]
    return interval(found) if found else None


def _difference(of: dict[int, Evaluated], other: dict[int, Evaluated], metric: str) -> Interval | None:
    pairs = [(read(metric, of[seed]), read(metric, other[seed])) for seed in sorted(of.keys() & other.keys())]
    found = [a - b for a, b in pairs if a is not None and b is not None and math.isfinite(a - b)]
    return interval(found) if found else None
