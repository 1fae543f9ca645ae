"""Where an answer can be seen: the user's own runs of the scenario in figures, or what to press to get them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from regtui.claims import figure, read
from regtui.scenario import Question, Scenario
from regtui.scenario.schema import title, unit
from regtui.session import Session
from regtui.ui.standing import Standing, standing
from regtui.ui.text import decimals

MOST_ARMS = 4
"""Arms in one sentence where the answer names none."""
MOST_STUDIED = 3
"""Metrics of studies that are told."""


def evidence(scenario: Scenario, question: Question, session: Session | None, *, is_open: bool) -> str:
    """A sentence that points to the runs that show the answer.

    `session` is that of the scenario, None where it was not visited; `is_open`: it is the one on the screen.
    """
    stands = {
        arm.name: stands
        for arm in (session.arms if session is not None else ())
        if session is not None and (stands := standing(session.of_arm(arm.name))) is not None and stands.is_final
    }
    chosen = [arm for arm in stands if arm in named(question, list(stands))] or list(stands)[:MOST_ARMS]
    if chosen and session is not None:
        part = "val" if session.held_out == "validation" else "test"
        figures = "; ".join(f"{arm} {_figures(stands[arm])}" for arm in chosen)
        return " ".join([f"Your runs (train/{part}): {figures}.", *_studied(scenario, session, chosen)])
    if session is not None and session.is_busy:
        return "Its runs are under way: the charts will show it."
    if is_open:
        return "Press escape, then space, to see it measured."
    return f"Not measured since the start: o opens {scenario.title}, space runs it."


def _studied(scenario: Scenario, session: Session, arms: Sequence[str]) -> list[str]:
    """What studies found in these arms that claims speak of, a sentence a metric: accuracies alone do not show it."""
    results = session.results()
    found: dict[str, dict[str, str]] = {}
    for check in (claim.check for claim in scenario.claims):
        for arm in (name for name in (check.of, str(check.against)) if name in arms):
            values = [read(check.metric, one) for one in results.get(arm, {}).values()]
            finite = [value for value in values if value is not None and math.isfinite(value)]
            if "." in check.metric and finite:
                mean = figure(math.fsum(finite) / len(finite), check.metric)
                found.setdefault(check.metric, {})[arm] = f"{arm} {mean} {unit(check.metric)}".rstrip()
    return [f"{title(metric)}: {'; '.join(told.values())}." for metric, told in list(found.items())[:MOST_STUDIED]]


def named(question: Question, arms: list[str]) -> set[str]:
    """The arms that the explanation or the right answer speaks of."""
    text = f"{question.because} {question.choices[question.answer]}"
    found = set()
    # Longer names first, so that "BN" is not found inside of "BN > drop".
    for arm in sorted(arms, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(arm.removeprefix('+ '))}(?!\w)"
        text, count = re.subn(pattern, "\0", text, flags=re.IGNORECASE)
        if count:
            found.add(arm)
    return found


def _figures(stands: Standing) -> str:
    test = f"/{decimals(stands.test)}" if stands.test is not None else ""
    gap = f", gap {stands.gap:.1f}" if stands.gap is not None else ""
    return f"{decimals(stands.train)}{test}{gap}"
