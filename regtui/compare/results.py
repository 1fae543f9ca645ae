"""What stored arms came to, in which settings they differ, and by how much, over paired seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from regtui.claims import Interval, interval, read
from regtui.compare.library import Entry, StoredArm
from regtui.events import Evaluated
from regtui.export.settings import differing
from regtui.store.history import RunHistory

COLUMNS = ("train_accuracy", "test_accuracy", "gap")
SEALED = ("train_accuracy", "validation_accuracy", "gap")
"""The columns where an arm has no test figure: its gap is to validation then."""
METRICS = ("train_accuracy", "test_accuracy", "validation_accuracy", "gap")


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
    """By metric of `METRICS`: mean and 95 % interval over seeds."""
    best: Interval | None
    """The highest accuracy of each seed's evaluations on `best_part`; chosen afterwards, so better than it would be
    again."""
    best_epoch: float | None
    """The mean of the epochs at which that was."""
    against: StoredArm | None = None
    """What it is paired with; None for the reference itself and where nothing pairs."""
    paired: dict[str, Interval | None] = field(default_factory=dict)
    """By metric: this arm minus the other one over the seeds that both have."""
    best_part: Literal["test", "validation"] = "test"
    """What `best` is of: runs on own data measure validation on their way, also those that were revealed."""

    @property
    def is_sealed(self) -> bool:
        """A run that counts has no test figure: own data that were not revealed, or a loop that measured none."""
        return any(result.test is None for result in self.results.values())

    def by_validation(self) -> Standing:
        """The same without its test figures, so that arms are compared by one part of their data."""
        results = {seed: msgspec.structs.replace(one, test=None) for seed, one in self.results.items()}
        return replace(self, results=results, final=_final(results))

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
    has_test = True
    for entry in sorted(arm.entries, key=lambda entry: (entry.spec.seed, entry.order)):
        run = history(entry)
        counted = entry.run in latest and run.result is not None
        runs.append(RunState(entry, run.state, run.is_steered, counted))
        if counted and run.result is not None:
            results[entry.spec.seed] = run.result
            if highest := _best(run.evaluations):
                best.append(highest)
                has_test = has_test and all(event.test is not None for event in run.evaluations)
    return Standing(
        arm=arm, runs=runs, results=results,
        final=_final(results),
        best=interval([value for value, _ in best]) if best else None,
        best_epoch=math.fsum(epoch for _, epoch in best) / len(best) if best else None,
        best_part="test" if has_test else "validation",
    )  # fmt: skip


def columns(standings: Sequence[Standing]) -> tuple[str, ...]:
    """The metrics that a table of these arms has columns for: of validation where one has no test figure.

    Of both parts where others have nothing but test figures.
    """
    if not any(one.is_sealed for one in standings):
        return COLUMNS
    has_test_alone = any(result.validation is None for one in standings for result in one.results.values())
    return METRICS if has_test_alone else SEALED


def by_one_part(standings: Sequence[Standing]) -> list[Standing]:
    """The same arms, those of a scenario all by validation where one of them has no test figure and all have that."""
    found = list(standings)
    for scenario in {one.arm.scenario for one in standings}:
        at = [i for i, one in enumerate(standings) if one.arm.scenario == scenario]
        if columns([standings[i] for i in at]) is SEALED:
            for i in at:
                found[i] = standings[i].by_validation()
    return found


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
            metric: _difference(one.results, chosen.results, metric) for metric in METRICS
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


def _final(results: dict[int, Evaluated]) -> dict[str, Interval | None]:
    found = {metric: [_read(metric, one) for one in results.values()] for metric in METRICS}
    return {metric: _interval([v for v in values if v is not None]) for metric, values in found.items()}


def _difference(of: dict[int, Evaluated], other: dict[int, Evaluated], metric: str) -> Interval | None:
    """None where one was measured on its test set and the other was not: such gaps do not compare."""
    both = [(of[seed], other[seed]) for seed in sorted(of.keys() & other.keys())]
    pairs = [(_read(metric, a), _read(metric, b)) for a, b in both if (a.test is None) is (b.test is None)]
    return _interval([a - b for a, b in pairs if a is not None and b is not None])


def _read(metric: str, one: Evaluated) -> float | None:
    """As claims read it, but a test figure is one: nothing stands for it."""
    return None if metric == "test_accuracy" and one.test is None else read(metric, one)


def _interval(values: Sequence[float]) -> Interval | None:
    finite = [value for value in values if math.isfinite(value)]
    return interval(finite) if finite else None
