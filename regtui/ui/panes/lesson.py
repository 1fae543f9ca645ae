"""The lesson: the question, what to look at, what the runs say of each claim, and the one key to press."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

from regtui.claims import Verdict, figure
from regtui.ui.panes.observed import observation, redrawn_labels, troubles
from regtui.ui.panes.pane import Pane
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, OPEN, Line, folded, left, line, right, wrapped
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

READABLE = 38
"""Cells of a claim's sentence that no column may take."""

_KEY = "bold $accent"
_MARKS = {"confirmed": ("✔ confirmed", GOOD), "refuted": ("✘ refuted", BAD), "not shown": ("… not shown", OPEN)}


def lesson_lines(view: View, room: int) -> list[Line]:
    """The whole pane in `room` cells."""
    session = view.session
    rows = wrapped(session.scenario.question, room, "bold $foreground")
    if view.warning:
        rows += wrapped(view.warning, room, OPEN)
    for trouble in troubles(view):
        rows += wrapped(trouble, room, BAD)
    if not session.current:
        rows += wrapped(session.scenario.story, room, MUTED) if session.scenario.story else []
        if session.scenario.watch:
            rows += wrapped(session.scenario.watch, room, "", line(("Watch  ", MUTED)))
    else:
        seen = observation(view)
        if seen:
            rows += wrapped(seen, room, "", line(("Now    ", MUTED)))
        elif session.scenario.watch:
            rows += wrapped(session.scenario.watch, room, "", line(("Watch  ", MUTED)))
        labels = redrawn_labels(view)
        if labels:
            rows += wrapped(labels, room, "", line(("Labels ", MUTED)))
        rows += [EMPTY, *claim_lines(session.verdicts(), room)]
    todo = next_step(view)
    return [*rows, EMPTY, *folded(todo, room)] if todo else rows


def claim_lines(verdicts: Sequence[Verdict], room: int) -> list[Line]:
    """A claim: verdict, sentence, effect, interval, seeds. Columns are as wide as what is in them.

    Where it is too narrow for all, seeds go first, then the interval. A sentence that is still too long goes on in
    the next row: one that is cut says nothing.
    """
    longest = max((cell_len(verdict.claim.text) for verdict in verdicts), default=0)
    columns: list[list[str]] = []
    widths: list[int] = []
    for read in (_figure, _bounds, _seeds):
        column = [read(verdict) for verdict in verdicts]
        width = max(map(cell_len, column), default=0)
        width += 2 if width else 0
        if columns and room - 12 - sum(widths) - width < min(longest, READABLE):
            break
        columns.append(column)
        widths.append(width)
    text = max(min(longest, room - 12 - sum(widths)), 8)
    rows: list[Line] = []
    for i, verdict in enumerate(verdicts):
        mark, style = _MARKS[verdict.outcome] if verdict.effect else ("· open", FAINT)
        figures = zip(columns, widths, ("bold", MUTED, FAINT), strict=False)
        cells = [(right(column[i], width), column_style) for column, width, column_style in figures]
        text_style = "" if verdict.effect else MUTED
        first, *rest = textwrap.wrap(verdict.claim.text, text) or [""]
        rows.append(line((left(mark, 12), style), (left(first, text), text_style), *cells))
        rows += [line(" " * 12, (more, text_style)) for more in rest]
        if verdict.remark:
            rows += [line(" " * 12, (more, MUTED)) for more in textwrap.wrap(verdict.remark, max(room - 12, 8))]
    return rows


def _figure(verdict: Verdict) -> str:
    return figure(verdict.effect.mean, verdict.claim.check.metric, signed=True) if verdict.effect else ""


def _bounds(verdict: Verdict) -> str:
    effect, metric = verdict.effect, verdict.claim.check.metric
    return f"[{figure(effect.low, metric)}, {figure(effect.high, metric)}]" if effect and effect.count > 1 else ""


def _seeds(verdict: Verdict) -> str:
    if verdict.effect is None:
        return ""
    count = verdict.effect.count
    if count == 1:
        return "one seed"
    if verdict.outcome == "not shown":
        return f"needs ~{verdict.seeds_needed}" if verdict.seeds_needed else "needs > 200"
    return ""


def next_step(view: View) -> Line:
    """The one thing to press, as a line."""
    session = view.session
    if session.is_busy:
        if view.race.runner.is_paused:
            return line(("space", _KEY), " goes on", ("   s", _KEY), " takes one step", ("   x", _KEY), " stops")
        return line(("space", _KEY), " pauses", ("   x", _KEY), " stops")
    missing = session.missing(range(view.race.seeds))
    if missing:
        epochs = max(arm.train.epochs for arm in session.arms)
        count = len({arm for arm, _ in missing})
        arms = "the arm" if count == 1 else f"the {count} arms"
        again = " again" if all(pair in session.current for pair in missing) else ""
        return line(("Press ", ""), ("space", _KEY), f" to run {arms}{again}, {epochs} epochs each")
    if view.race.seeds < session.scenario.seeds:
        return line(("m", _KEY), f" one more seed ({view.race.seeds} of {session.scenario.seeds} done)",
                    ("   n", _KEY), " next scenario")  # fmt: skip
    return line(("n", _KEY), " next scenario", ("   r", _KEY), " starts over")


class LessonRows(Lines, can_focus=True):
    """The text, which scrolls where it is longer than the pane."""

    def __init__(self, view: View) -> None:
        super().__init__(id="lesson-rows")
        self._view = view

    def show_view(self) -> None:
        """Follow the view."""
        self.show(lesson_lines(self._view, self.room))

    def on_resize(self) -> None:
        self.show_view()


class LessonPane(Pane):
    """Question, observation, verdicts."""

    def __init__(self, view: View) -> None:
        self._rows = LessonRows(view)
        super().__init__([self._rows], id="lesson")

    def show_view(self) -> None:
        """Follow the view."""
        self.set_title(line(("Lesson", "bold")))
        self._rows.show_view()
