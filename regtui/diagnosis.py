"""What is the matter with an arm: overfitting, underfitting, both, diverged or fine, from the numbers that it quotes.

The error on new samples is the part that training left plus the gap (Ng 2018, Machine Learning Yearning, chapters 20 to
22, calls them bias and variance); whichever is the larger, measured by what is tolerable of it, is the matter. Where
they are nearly alike both are, so that one point more or less does not turn the advice around. With several seeds all
numbers are means over those that finished unsteered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from regtui.catalog import DATASETS
from regtui.events import Diverged, Evaluated, Measured
from regtui.remedies import Cure, Made, Matter, remedy
from regtui.store import RunHistory

GAP = 5.0
"""Points between clean train and held-out accuracy that are tolerable. Less is hard to tell from chance: at 80 % of
2,000 test samples one standard error is 0.9 points, and seeds of one arm lie up to 2 points apart."""

MISSED = 10.0
"""Points of the training set that an arm may fail to fit: twice the gap, since whatever regularizes leaves some of it
unfitted, and rightly so (the ladder's best arm misses 9)."""

ALIKE = 0.8
"""What part of the larger one the smaller of the two must be, each measured by what is tolerable of it, for both to be
the matter: 1.5 points of train accuracy or so, about what tells two seeds of an arm apart."""

RISE = 1.05
"""How many times its lowest value a loss must reach before it counts as rising."""

FALL = 0.98
"""What part of its value `LATER` evaluations ago a loss must have come down to that still counts as falling."""

LATER = 3
"""Evaluations that must have come after the lowest loss: one alone may be chance."""

GUESS = 1.3
"""How many times chance a train accuracy may be that still is no more than guessing."""

SAME = 2.0
"""Points above the share of the largest class up to which an arm may just as well name that class every time."""

Trend = Literal["rising", "falling", "level"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an arm: means over its seeds. Accuracies in percent, losses in nats."""

    train: float
    """Clean train accuracy after the last step."""
    held_out: float
    """Accuracy on the held-out split after the last step."""
    split: Literal["test", "validation"] = "test"
    """Which split is held out: test where it was measured."""
    course: Literal["test", "validation"] = "test"
    """Which split the losses are of: a reveal measures the test part of own data once, so its course is not known."""
    losses: tuple[tuple[float, float], ...]
    """(epoch, held-out loss) of the evaluation points that all seeds have, the one after the last step included."""
    chance: float
    """Accuracy of guessing."""
    largest: float = 0.0
    """Accuracy of always naming the largest class, where that is known."""
    ceiling: float = 100.0
    """Clean train accuracy of a network that knows every true label: less than 100 where labels were redrawn."""
    finished: int = 1
    diverged: int = 0

    @property
    def gap(self) -> float:
        """Points."""
        return self.train - self.held_out

    @property
    def is_guessing(self) -> bool:
        """Nothing was learned: no better than chance, or than naming the largest class every time."""
        return self.train <= guess_limit(self.chance, self.largest)

    @property
    def lowest(self) -> tuple[float, float]:
        """(epoch, loss) where the held-out loss was lowest, the first of equal ones; NaN where none is finite."""
        finite = [(epoch, loss) for epoch, loss in self.losses if math.isfinite(loss)]
        return min(finite, key=lambda point: point[1], default=(math.nan, math.nan))

    @property
    def trend(self) -> Trend:
        """Where the held-out loss is going; level where it cannot be told."""
        losses = [loss for _, loss in self.losses]
        if len(losses) <= LATER or not all(map(math.isfinite, (losses[-1], losses[-1 - LATER]))):
            return "level"
        lowest = min(loss for loss in losses if math.isfinite(loss))
        if min((loss for loss in losses[-LATER:] if math.isfinite(loss)), default=math.inf) > lowest:
            return "rising" if losses[-1] > RISE * lowest else "level"
        return "falling" if losses[-1] <= FALL * losses[-1 - LATER] else "level"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on an arm."""

    verdict: Matter
    why: str
    """The numbers behind it."""
    cure: Cure

    @property
    def sentence(self) -> str:
        """All of it: verdict, numbers, what to try next."""
        return f"{self.verdict}: {self.why}. {self.cure.sentence}"


def judged(figures: Figures) -> Matter:
    """The matter with an arm that has finished seeds."""
    if 2 * figures.diverged >= figures.diverged + figures.finished:
        return "diverged"
    memorized = figures.gap / GAP
    if figures.trend == "rising" and figures.gap > 0:
        memorized = max(memorized, 1.0)  # too sure of itself, even where it is still right as often
    missed = (figures.ceiling - figures.train) / MISSED
    if max(memorized, missed) < 1:
        return "fine"
    if min(memorized, missed) >= max(1.0, ALIKE * max(memorized, missed)):
        return "over- and underfitting"
    return "overfitting" if memorized >= missed else "underfitting"


def diagnose(figures: Figures, arm: Made) -> Diagnosis:
    """The verdict on these numbers of an arm, the numbers themselves, and what to try next."""
    matter = judged(figures)
    cure = remedy(matter, arm, is_falling=figures.trend == "falling", is_guessing=figures.is_guessing)
    return Diagnosis(verdict=matter, why=_why(figures), cure=cure)


def guess_limit(chance: float, largest: float) -> float:
    """Percent: up to which train accuracy an arm has learned nothing, by chance and the share of the largest class."""
    return max(GUESS * chance, largest + SAME if largest > chance else 0.0)


def largest_share(arm: Made) -> float:
    """Percent of the samples for training that are of the largest class; 0 for data that nobody knows."""
    dataset = DATASETS.get(arm.data.name)
    counts = dataset.class_counts if dataset is not None else ()
    return 100.0 * max(counts) / sum(counts) if counts else 0.0


def diagnose_runs(arm: Made, runs: Iterable[RunHistory]) -> Diagnosis | None:
    """The verdict on the runs of an arm; None before one has ended in a way that says anything."""
    ended = [run for run in runs if not run.is_steered and run.state in ("finished", "diverged")]
    figures = figures_of(arm, ended)
    if figures is not None and judged(figures) != "diverged":
        return diagnose(figures, arm)
    endings = [run.ending for run in ended if isinstance(run.ending, Diverged)]
    if not endings:
        return None
    first = min(endings, key=lambda ending: ending.step)
    seeds = f" in {len(endings)} of {len(ended)} seeds" if len(ended) > 1 else ""
    where = f", layer {first.layer}" if first.layer else ""
    why = f"the loss is no longer finite{seeds}, first at step {first.step}{where}"
    return Diagnosis(verdict="diverged", why=why, cure=remedy("diverged", arm, is_falling=False, is_guessing=False))


def figures_of(arm: Made, ended: Sequence[RunHistory]) -> Figures | None:
    """The means over finished runs; None where there are none, or nothing was held out."""
    finished = [run for run in ended if run.result is not None]
    results = [run.result for run in finished if run.result is not None]
    for split in ("test", "validation"):
        held_out = [measured for result in results if (measured := _measured(result, split)) is not None]
        if results and len(held_out) == len(results):
            break
    else:
        return None
    course = split if (losses := _losses(finished, split)) else "validation"
    classes = max((len(run.started.classes) for run in finished if run.started), default=0)
    chance = 100.0 / classes if classes else 0.0
    noise = arm.data.label_noise
    return Figures(
        train=_mean([result.train.accuracy for result in results]),
        held_out=_mean([measured.accuracy for measured in held_out]),
        split="test" if split == "test" else "validation",
        course="test" if course == "test" else "validation",
        losses=losses or _losses(finished, course),
        chance=chance,
        largest=largest_share(arm),
        ceiling=100.0 - noise * (100.0 - chance),
        finished=len(finished),
        diverged=len(ended) - len(finished),
    )


def _losses(runs: Sequence[RunHistory], split: str) -> tuple[tuple[float, float], ...]:
    found: dict[float, list[float]] = {}
    for run in runs:
        for event in run.evaluations:
            measured = _measured(event, split)
            if measured is not None:
                found.setdefault(event.epoch, []).append(measured.loss)
    return tuple((epoch, _mean(found[epoch])) for epoch in sorted(found) if len(found[epoch]) == len(runs))


def _why(figures: Figures) -> str:
    gap = round(figures.gap, 1) + 0.0  # no -0.0
    parts = [f"{figures.train:.1f} % train, {figures.held_out:.1f} % {figures.split}, gap {gap:.1f}"]
    if figures.is_guessing and figures.largest > GUESS * figures.chance:
        parts.append(f"naming the largest class every time gives {figures.largest:.1f} %")
    elif figures.is_guessing:
        parts.append(f"{figures.chance:.1f} % is chance")
    elif figures.ceiling < 100:
        parts.append(f"true labels alone give {figures.ceiling:.1f} % train")
    epoch, lowest = figures.lowest
    if figures.losses and math.isfinite(lowest):
        last = figures.losses[-1][1]
        name = f"{figures.course} loss"
        parts.append({
            "rising": f"{name} {lowest:.2f} at epoch {epoch:.3g}, {last:.2f} at the end",
            "falling": f"{name} {last:.2f} and still falling",
            "level": f"{name} {last:.2f}",
        }[figures.trend])  # fmt: skip
    if figures.diverged:
        parts.append(f"{figures.diverged} of {figures.diverged + figures.finished} seeds diverged")
    return "; ".join(parts)


def _measured(event: Evaluated, split: str) -> Measured | None:
    return event.test if split == "test" else event.validation


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
