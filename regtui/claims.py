"""Verdicts: does a claim hold, with paired seeds and a 95 % interval.

confirmed: the interval lies wholly on the claim's side of `by`; refuted: wholly on the other; else not shown, with the
number of seeds that would decide it if effect and spread stay as they are. They are estimates, so at that number the
odds of a decision are about even: it is an order of magnitude, no promise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from regtui.events import Evaluated
from regtui.scenario.schema import Claim, unit

Outcome = Literal["confirmed", "refuted", "not shown"]

MOST_SEEDS = 200
"""Where more seeds would be needed the verdict says "more than 200"."""


class Interval(msgspec.Struct, frozen=True):
    """Mean with its two-sided 95 % Student interval; low and high are NaN for a single value."""

    mean: float
    low: float
    high: float
    count: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs say of a claim."""

    claim: Claim
    outcome: Outcome
    effect: Interval | None
    """On the claim's side positive, in the metric's unit. None before the first pair."""
    seeds_needed: int | None = None
    """In all, for a decision if effect and spread stay as they are, where it is not shown; None where more than 200 or
    where it cannot be told."""
    diverged: int = 0
    """Pairs that are not counted since a side of them diverged."""

    @property
    def remark(self) -> str:
        """Which pairs are left out; why the claim may not hold here, once its runs have not confirmed it; else ""."""
        decided = self.effect is not None and self.effect.count > 1
        note = self.claim.note if decided and self.outcome != "confirmed" else ""
        if not self.diverged:
            return note
        pairs = self.diverged + (self.effect.count if self.effect else 0)
        lost = f"Diverged, so not counted: {self.diverged} of {pairs} seeds."
        return f"{lost} {note}" if note else lost

    @property
    def is_level(self) -> bool:
        """All pairs came out exactly at the threshold, as where both arms are right on all of their training set."""
        effect = self.effect
        return effect is not None and effect.count > 1 and effect.low == effect.high == self.claim.check.by

    @property
    def sentence(self) -> str:
        """What is missing for a decision, or ""."""
        if self.effect is None:
            return "no pair of finished runs yet"
        if self.effect.count == 1:
            return "one seed gives no interval; run more seeds"
        if self.outcome != "not shown":
            return ""
        if self.is_level:
            return "every seed lies exactly at the threshold, so no number of seeds can be told"
        if self.seeds_needed is None:
            return f"more than {MOST_SEEDS} seeds would be needed"
        return f"about {self.seeds_needed} seeds might decide it"


_READS: dict[str, Callable[[Evaluated], float | None]] = {
    "gap": lambda e: e.gap,
    "test_accuracy": lambda e: e.held_out.accuracy if e.held_out else None,
    "train_accuracy": lambda e: e.train.accuracy,
    "validation_accuracy": lambda e: e.validation.accuracy if e.validation else None,
    "test_loss": lambda e: e.held_out.loss if e.held_out else None,
    "train_loss": lambda e: e.train.loss,
    "validation_loss": lambda e: e.validation.loss if e.validation else None,
    "true_train_accuracy": lambda e: e.true_train.accuracy if e.true_train else None,
    "drift": lambda e: e.drift,
    "pretraining_loss": lambda e: e.pretraining_loss,
}


def read(metric: str, evaluated: Evaluated) -> float | None:
    """A metric of a run's last evaluation, None where it was not measured.

    Of own data whose test part has not been revealed, validation stands for test.
    """
    return _READS[metric](evaluated) if metric in _READS else evaluated.studied.get(metric)


def figure(value: float, metric: str, *, signed: bool = False) -> str:
    """A value of a metric as people read it: points to a tenth, nats to a thousandth, all else to three digits."""
    sign = "+" if signed else ""
    match unit(metric):
        case "points":
            return f"{value:{sign}.1f}"
        case "nats":
            return f"{value:{sign}.3f}"
        case _:
            return f"{value:{sign}.3g}" if abs(value) < 1000 else f"{value:{sign},.0f}"


Results = Mapping[str, Mapping[int, Evaluated]]
"""arm -> seed -> the evaluation after the last step, of finished and unsteered runs only."""
_NONE: Mapping[str, Collection[int]] = {}


def judge(claim: Claim, results: Results, diverged: Mapping[str, Collection[int]] = _NONE) -> Verdict:
    """The verdict of one claim over all seeds for which both sides have a result.

    diverged  arm -> seeds that ended with numbers that are none: survivors alone would flatter an arm unseen, so the
              verdict tells how many pairs they cost
    """
    check = claim.check
    lost = _lost(claim, results, diverged)
    of = _values(results, check.of, check.metric)
    if isinstance(check.against, str):
        other = _values(results, check.against, check.metric)
        differences = [check.sign * (of[seed] - other[seed]) for seed in sorted(of.keys() & other.keys())]
    else:
        differences = [check.sign * (of[seed] - check.against) for seed in sorted(of)]
    if not differences:
        return Verdict(claim=claim, outcome="not shown", effect=None, diverged=lost)
    effect = interval(differences)
    outcome: Outcome = "not shown"
    if effect.low > check.by:
        outcome = "confirmed"
    elif effect.high < check.by:
        outcome = "refuted"
    needed = _seeds_needed(differences, check.by) if outcome == "not shown" else None
    return Verdict(claim=claim, outcome=outcome, effect=effect, seeds_needed=needed, diverged=lost)


def interval(values: Sequence[float]) -> Interval:
    """Mean and 95 % Student interval of a non-empty sample."""
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = t_quantile(count - 1) * _spread(values) / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


@lru_cache
def t_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t with `degrees` >= 1 degrees of freedom, by bisection of its CDF."""
    low, high = 0.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_two_sided(middle, degrees) < 0.95 else (low, middle)
    return (low + high) / 2


def _t_two_sided(t: float, degrees: int) -> float:
    """P(|T| < t) for whole degrees of freedom: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    cos, sin = math.cos(angle), math.sin(angle)
    if degrees % 2:
        total, term = 0.0, cos
        for k in range(1, degrees - 1, 2):
            total += term
            term *= cos * cos * (k + 1) / (k + 2)
        return 2 / math.pi * (angle + sin * total)
    total, term = 0.0, 1.0
    for k in range(0, degrees - 1, 2):
        total += term
        term *= cos * cos * (k + 1) / (k + 2)
    return sin * total


def _spread(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _seeds_needed(differences: Sequence[float], by: float) -> int | None:
    if len(differences) < 2:
        return None
    distance = abs(math.fsum(differences) / len(differences) - by)
    spread = _spread(differences)
    for count in range(len(differences) + 1, MOST_SEEDS + 1):
        if t_quantile(count - 1) * spread / math.sqrt(count) < distance:
            return count
    return None


def _lost(claim: Claim, results: Results, diverged: Mapping[str, Collection[int]]) -> int:
    """Seeds that both sides ended and at least one of them by diverging."""
    sides = [claim.check.of, *([claim.check.against] if isinstance(claim.check.against, str) else [])]
    gone = [set(diverged.get(arm, ())) for arm in sides]
    ended = [lost | results.get(arm, {}).keys() for arm, lost in zip(sides, gone, strict=True)]
    return len({seed for lost in gone for seed in lost if all(seed in some for some in ended)})


def _values(results: Results, arm: str, metric: str) -> dict[int, float]:
    found = {seed: read(metric, evaluation) for seed, evaluation in results.get(arm, {}).items()}
    return {seed: value for seed, value in found.items() if value is not None and math.isfinite(value)}
