"""What is the matter with the selected arm, and what goes wrong inside its network: rows of the lesson."""

from __future__ import annotations

from regtui.diagnosis import Diagnosis, diagnose_runs
from regtui.trouble import summary
from regtui.ui.text import BAD, GOOD, MUTED, OPEN, Line, folded, line, wrapped
from regtui.ui.view import View

_STYLES = {"overfitting": OPEN, "underfitting": OPEN, "over- and underfitting": OPEN, "diverged": BAD, "fine": GOOD}

_INDENT = 7
"""Cells of what stands before each row of the lesson."""


def arm_diagnosis(view: View) -> Diagnosis | None:
    """The verdict on the selected arm; None before its first seed has ended."""
    return diagnose_runs(view.selected, view.session.of_arm(view.selected.name).values())


def diagnosis_lines(view: View, room: int) -> list[Line]:
    """The verdict on the selected arm behind its sign, the numbers it follows from, and what to try next."""
    found = arm_diagnosis(view)
    if found is None:
        return []
    arm = view.selected.name
    parts = line((found.verdict, f"bold {_STYLES[found.verdict]}"), f": {found.why}. ", (found.cure.sentence, MUTED))
    rows = folded(parts, max(room - _INDENT, 8))
    sign = (view.sign(arm) + " " * (_INDENT - 1), view.color(arm))
    return [line(sign if i == 0 else " " * _INDENT, *row) for i, row in enumerate(rows)]


def inside_lines(view: View, room: int) -> list[Line]:
    """Troubles that last inside the selected arm's network, in the run that stands for the arm."""
    run = view.shown_run(view.selected.name)
    said = summary(run.lasting) if run is not None else ""
    return wrapped(f"{said}.", room, "", line(("Inside ", OPEN))) if said else []
