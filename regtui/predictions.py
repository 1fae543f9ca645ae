"""What the learner said before the runs, and whether the runs agree.

Free of screens and of torch. A prediction is open until paired seeds give an interval that decides it: one seed shows
who leads, not whether chance did it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from regtui.claims import Interval, Results, Verdict, interval

Judgement = Literal["right", "wrong", "open"]


class Predictions(msgspec.Struct, frozen=True):
    """The answers given so far; what was skipped is not in them."""

    best: str | None = None
    """The arm that is said to have the best test accuracy."""
    claims: Mapping[int, bool] = {}
    """By the claim's place in the scenario: whether it is said to hold."""

    def __bool__(self) -> bool:
        return self.best is not None or bool(self.claims)

    def with_best(self, arm: str | None) -> Predictions:
        """The same with another best arm, or (None) without one."""
        return msgspec.structs.replace(self, best=arm)

    def with_claim(self, place: int, holds: bool | None) -> Predictions:
        """The same with another answer to one claim, or (None) without one."""
        others = {at: said for at, said in self.claims.items() if at != place}
        return msgspec.structs.replace(self, claims=others if holds is None else others | {place: holds})


class Lead(msgspec.Struct, frozen=True):
    """By how much the best arm is ahead, in percentage points of test accuracy over paired seeds."""

    best: str
    """The arm with the highest mean."""
    rival: str
    """The arm that was said to be best or, where that is the best one or has no result, the one that the best arm beats
    least surely: it is best only if it beats them all, and a worse mean over wilder seeds may be less sure."""
    by: Interval
    """The best arm minus its rival."""

    @property
    def is_clear(self) -> bool:
        """The paired 95 % interval excludes 0. Never for a single seed, which has none (NaN)."""
        return self.by.low > 0

    def judge(self, said: str) -> Judgement:
        """Whether the arm that was said to be best is."""
        if not self.is_clear:
            return "open"
        return "right" if said == self.best else "wrong"


def find_lead(arms: Sequence[str], results: Results, said: str | None = None) -> Lead | None:
    """The best arm by mean test accuracy over the seeds that all these arms share, and its lead.

    None for fewer than two arms, or without a shared seed. The best of several means is flattered by having been
    chosen: of five arms that are all alike, one that leads the learner's is "clearly" better in one case of twelve, of
    two arms in one of twenty. The lead is shown for the learner's own answer, and no claim of the lesson rests on it.
    """
    values = {
        arm: {seed: event.held_out.accuracy for seed, event in results.get(arm, {}).items() if event.held_out}
        for arm in arms
    }
    shared = sorted(set.intersection(*(set(of_arm) for of_arm in values.values()))) if values else []
    if len(arms) < 2 or not shared:
        return None
    # The sort is stable: of equal means the arm that the scenario names first.
    best, *others = sorted(arms, key=lambda arm: -math.fsum(values[arm][seed] for seed in shared))
    leads = {arm: interval([values[best][seed] - values[arm][seed] for seed in shared]) for arm in others}
    least = min(others, key=lambda arm: leads[arm].low) if len(shared) > 1 else others[0]
    rival = said if said in leads else least
    return Lead(best, rival, leads[rival])


def tally(predictions: Predictions, verdicts: Sequence[Verdict]) -> dict[Judgement, int]:
    """How many of the claims that were answered came out right, wrong, and are open."""
    found: dict[Judgement, int] = {"right": 0, "wrong": 0, "open": 0}
    for place, verdict in enumerate(verdicts):
        if place in predictions.claims:
            found[judge_claim(predictions.claims[place], verdict)] += 1
    return found


def judge_claim(holds: bool, verdict: Verdict) -> Judgement:
    """Whether what was said of a claim agrees with its verdict; open while that is not shown."""
    if verdict.outcome == "not shown":
        return "open"
    return "right" if holds == (verdict.outcome == "confirmed") else "wrong"
