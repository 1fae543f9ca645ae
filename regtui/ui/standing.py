"""Where an arm stands over its seeds: one reckoning for the charts, the rows of the arms and the sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from regtui.claims import interval
from regtui.events import Evaluated
from regtui.store import RunHistory

STEERED = "~"
"""Before what belongs to runs whose settings were changed while they trained: no interval, no part in the verdicts."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Means over the latest evaluations of the runs that count; percent and percentage points."""

    train: float
    test: float | None
    """Of own data validation, until all runs that count were revealed."""
    gap: float | None
    half_width: float | None
    """Half the gap's 95 % interval over finished seeds; None where there are fewer than two, or steered ones."""
    true_train: float | None
    """Under label noise: clean train accuracy against the labels before they were redrawn."""
    is_steered: bool
    is_final: bool
    """All runs that count have finished."""


def counted(runs: Mapping[int, RunHistory]) -> list[RunHistory]:
    """The runs of an arm that its figures are means of.

    Finished ones first, since one that still trains would drag the mean down; never steered ones beside unsteered
    ones, which were trained with other settings; diverged ones not at all, since they lead nowhere.
    """
    measured = [run for run in runs.values() if run.last is not None and run.state != "diverged"]
    finished = [run for run in measured if run.state == "finished"]
    group = finished or measured
    return [run for run in group if not run.is_steered] or group


def drawn(runs: Mapping[int, RunHistory]) -> list[RunHistory]:
    """The runs of an arm that its curves are made of: all seeds that are steered, or not, as the counted ones are."""
    figures = counted(runs)
    if not figures:
        return list(runs.values())
    return [run for run in runs.values() if run.is_steered == figures[0].is_steered]


def apart(runs: Mapping[int, RunHistory]) -> list[RunHistory]:
    """The runs of an arm that are no part of its curves and get curves of their own, so that none is out of sight."""
    together = drawn(runs)
    return [run for run in runs.values() if run not in together]


def standing(runs: Mapping[int, RunHistory]) -> Standing | None:
    """Where an arm stands; None before its first evaluation."""
    figures = counted(runs)
    latest = [run.measured for run in figures if run.measured is not None]
    if not latest:
        return None
    if any(event.test is None for event in latest):  # a mean is of one part of the data
        latest = [msgspec.structs.replace(event, test=None) for event in latest]
    gaps = _read(latest, lambda event: event.gap)
    is_steered = any(run.is_steered for run in figures)
    is_final = all(run.state == "finished" for run in figures)
    spread = interval(gaps) if len(gaps) > 1 and is_final and not is_steered else None
    return Standing(
        train=math.fsum(event.train.accuracy for event in latest) / len(latest),
        test=_mean(_read(latest, lambda event: event.held_out.accuracy if event.held_out else None)),
        gap=_mean(gaps),
        half_width=spread.high - spread.mean if spread else None,
        true_train=_mean(_read(latest, lambda event: event.true_train.accuracy if event.true_train else None)),
        is_steered=is_steered,
        is_final=is_final,
    )


def _read(events: Iterable[Evaluated], read: Callable[[Evaluated], float | None]) -> list[float]:
    return [value for event in events if (value := read(event)) is not None]


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
