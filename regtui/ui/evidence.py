"""Where an answer can be seen: the user's own runs of the scenario in figures, or what to press to get them."""

from __future__ import annotations

import re

from regtui.scenario import Question, Scenario
from regtui.session import Session
from regtui.ui.standing import Standing, standing
from regtui.ui.text import decimals

MOST_ARMS = 4
"""Arms in one sentence where the answer names none."""


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
        return f"Your runs (train/{part}): {figures}."
    if session is not None and session.is_busy:
        return "Its runs are under way: the charts will show it."
    if is_open:
        return "Press escape, then space, to see it measured."
    return f"Not measured since the start: o opens {scenario.title}, space runs it."


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
