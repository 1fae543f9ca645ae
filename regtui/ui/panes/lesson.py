"""The lesson: the question, what to look at, what the runs say of each claim, and the one key to press."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from regtui.claims import Verdict
from regtui.store import RunHistory
from regtui.ui.panes.pane import Pane
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, OPEN, Line, left, line, right, wrapped
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
    trouble = _trouble(view)
    if trouble:
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
        rows += [EMPTY, *claim_lines(session.verdicts(), room)]
    todo = next_step(view)
    return [*rows, EMPTY, todo] if todo else rows


def claim_lines(verdicts: Sequence[Verdict], room: int) -> list[Line]:
    """A row a claim: verdict, sentence, effect, interval, seeds. Columns are as wide as what is in them.

    Where it is too narrow for all, seeds go first, then the interval: a sentence that is cut says nothing.
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
    text = min(longest, room - 12 - sum(widths))
    rows = []
    for i, verdict in enumerate(verdicts):
        mark, style = _MARKS[verdict.outcome] if verdict.effect else ("· open", FAINT)
        figures = zip(columns, widths, ("bold", MUTED, FAINT), strict=False)
        cells = [(right(column[i], width), column_style) for column, width, column_style in figures]
        rows.append(
            line((left(mark, 12), style), (left(verdict.claim.text, text), "" if verdict.effect else MUTED), *cells)
        )
    return rows


def _figure(verdict: Verdict) -> str:
    return f"{verdict.effect.mean:+.{_digits(verdict)}f}" if verdict.effect else ""


def _bounds(verdict: Verdict) -> str:
    effect, digits = verdict.effect, _digits(verdict)
    return f"[{effect.low:.{digits}f}, {effect.high:.{digits}f}]" if effect and effect.count > 1 else ""


def _digits(verdict: Verdict) -> int:
    """Points to a tenth, nats to a thousandth."""
    return 3 if verdict.claim.check.metric.endswith("loss") else 1


def _seeds(verdict: Verdict) -> str:
    if verdict.effect is None:
        return ""
    count = verdict.effect.count
    if count == 1:
        return "one seed"
    if verdict.outcome == "not shown":
        return f"needs ~{verdict.seeds_needed}" if verdict.seeds_needed else "needs > 200"
    return ""


def observation(view: View) -> str:
    """One true sentence about what the runs show now, "" before there is anything to say."""
    arm = view.selected.name
    run = view.shown_run(arm)
    sentence = _overfitting(arm, run) if run is not None else ""
    gaps = {arm.name: gap for arm in view.session.arms if (gap := mean_gap(view.session.of_arm(arm.name))) is not None}
    if sentence or len(gaps) < 2:
        return sentence
    widest, narrowest = max(gaps, key=gaps.__getitem__), min(gaps, key=gaps.__getitem__)
    return f"Widest gap: {widest}, {gaps[widest]:.1f} points; narrowest: {narrowest}, {gaps[narrowest]:.1f}."


def mean_gap(runs: Mapping[int, RunHistory]) -> float | None:
    """The gap at the latest evaluation, mean over the finished seeds, or over all while none is."""
    shown = [run for run in runs.values() if run.state == "finished"] or runs.values()
    gaps = [gap for run in shown if run.last is not None and (gap := run.last.gap) is not None]
    return math.fsum(gaps) / len(gaps) if gaps else None


def _overfitting(arm: str, run: RunHistory) -> str:
    losses = [(event.epoch, event.test.loss) for event in run.evaluations if event.test]
    losses = [(epoch, loss) for epoch, loss in losses if math.isfinite(loss)]
    last = run.last
    if len(losses) < 4 or last is None or last.test is None:
        return ""
    epoch, lowest = min(losses, key=lambda pair: pair[1])
    at = [pair[0] for pair in losses].index(epoch)
    if at <= len(losses) - 4 and losses[-1][1] > 1.05 * lowest:
        return (
            f"The test loss of {arm} rises since epoch {epoch:.0f} while clean train accuracy stands at "
            f"{last.train.accuracy:.0f} %: it {'memorizes' if last.train.accuracy > 95 else 'begins to memorize'}."
        )
    return ""


def next_step(view: View) -> Line:
    """The one thing to press, as a line."""
    session = view.session
    if session.is_busy:
        if view.race.runner.is_paused:
            return line(("space", _KEY), " goes on", ("   s", _KEY), " takes one step", ("   x", _KEY), " stops")
        return line(("space", _KEY), " pauses", ("   x", _KEY), " stops")
    if session.missing(range(view.race.seeds)):
        epochs = max(arm.train.epochs for arm in session.arms)
        count = len({arm for arm, _ in session.missing(range(view.race.seeds))})
        arms = "the arm" if count == 1 else f"the {count} arms"
        again = " again" if session.current and _trouble(view) else ""
        return line(("Press ", ""), ("space", _KEY), f" to run {arms}{again}, {epochs} epochs each")
    if view.race.seeds < session.scenario.seeds:
        return line(("m", _KEY), f" one more seed ({view.race.seeds} of {session.scenario.seeds} done)",
                    ("   n", _KEY), " next scenario")  # fmt: skip
    return line(("n", _KEY), " next scenario", ("   r", _KEY), " starts over")


def _trouble(view: View) -> str:
    """What went wrong, in a sentence."""
    if view.session.notice:
        return view.session.notice
    for (arm, _), run in view.session.current.items():
        if run.state in ("diverged", "failed"):
            return f"{arm}: {run.trouble}"
    return ""


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
