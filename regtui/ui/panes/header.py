"""One line: where we are in the lesson, where it trains, how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heapreplace

from regtui.catalog import samples_called
from regtui.store import RunHistory
from regtui.ui.text import BAD, FAINT, GOOD, MUTED, OPEN, Fragment, Line, duration, line, spread, thousands, width
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

PACED_AFTER = 5
"""Seconds of training before there is a pace: the first steps are slow, and would promise hours."""


class Pace:
    """Steps a second over the last half minute of wall time, evaluations and waiting included."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, steps: int) -> None:
        """So many steps are done in all by now."""
        if self._seen and (steps < self._seen[-1][1] or steps == self._seen[0][1]):
            self._seen.clear()  # begun anew, or no step since: what passed was loading
        self._seen.append((now, steps))
        while now - self._seen[0][0] > 30 and len(self._seen) > 2:
            self._seen.popleft()

    def rest(self) -> None:
        """Nothing is running: time that passes now says nothing about the pace."""
        self._seen.clear()

    def seconds_for(self, steps: int) -> float | None:
        """How long so many steps will take; None before there is a pace."""
        if len(self._seen) < 2:
            return None
        seconds, done = self._seen[-1][0] - self._seen[0][0], self._seen[-1][1] - self._seen[0][1]
        return steps * seconds / done if done > 0 and seconds >= PACED_AFTER else None


def header_line(view: View, room: int, pace: Pace) -> Line:
    """The whole line in `room` cells."""
    scenario = view.session.scenario
    state = _state(view, pace, compact=room < 100)
    title = line(("regtui", "bold $primary"), "  ", (f"{scenario.section} › ", MUTED), (scenario.title, "bold"))
    short = line(("regtui", "bold $primary"), "  ", (scenario.title, "bold"))
    return spread(title if width(title) + 2 <= room - width(state) else short, state, room)


def _state(view: View, pace: Pace, *, compact: bool) -> Line:
    session = view.session
    if session.is_busy:
        return _busy(view, pace, compact=compact)
    place = view.ready
    if any(run.state == "lost" for run in session.current.values()):
        return line(("● worker lost", f"bold {BAD}"))
    if not place:
        return line(("loading PyTorch…", MUTED))
    done = sum(run.state in ("finished", "diverged") for run in session.current.values())
    if done and done == len(session.current):
        runs = "1 run" if done == 1 else f"{done} runs"
        return line((f"{place} │ ", FAINT), ("✔ done", GOOD), (f"  {runs}", MUTED))
    failed = sum(run.state == "failed" for run in session.current.values())
    if failed:
        return line((f"{place} │ ", FAINT), (f"✘ {failed} failed", BAD))
    if session.current:
        return line((f"{place} │ ", FAINT), ("■ stopped", OPEN))
    return line((f"worker ready · {place}", MUTED))


def _busy(view: View, pace: Pace, *, compact: bool) -> Line:
    runs = list(view.session.current.values())
    running = [run for run in runs if run.state in ("running", "paused")]
    if not running:
        return line(("loading PyTorch…" if not view.ready else "starting…", MUTED))
    parts: list[Fragment] = [] if compact else [(f"{view.ready} │ ", FAINT)]
    paused = view.race.runner.is_paused
    parts.append(("‖ paused" if paused else "● running", OPEN if paused else GOOD))
    done, total = steps_done(runs), steps_planned(runs)
    cells = 8 if compact else 12
    full = round(cells * done / max(total, 1))
    parts += [(" ", ""), ("━" * full, "$foreground"), ("─" * (cells - full), FAINT)]
    shown = view.shown_run(view.selected.name)
    run = shown if shown in running and shown is not None else running[0]
    if run.mode == "eval":
        parts.append((" in eval()", OPEN))
    if paused:
        return line(*parts, (f"  epoch {run.epoch:.1f}/{run.spec.train.epochs}", ""), (f"  step {run.step}", MUTED))
    parts.append((f"  epoch {int(run.epoch)}/{run.spec.train.epochs}", ""))
    if view.is_silent:
        return line(*parts, (f"  silent for {view.clock() - view.heard:.0f} s", OPEN))
    rate = sum(run.samples_per_s for run in running)
    if rate and not compact:
        parts.append((f"  {thousands(rate)} {samples_called(run.spec.data.name)}/s", MUTED))
    left = pace.seconds_for(steps_ahead(runs))
    return line(*parts, (f"  ETA {duration(left)}" if left is not None else "", MUTED))


def steps_done(runs: Iterable[RunHistory]) -> int:
    """Steps behind us of the runs that end, or have ended, as planned."""
    return sum(run.step for run in runs if run.is_live or run.state == "finished")


def steps_planned(runs: Iterable[RunHistory]) -> int:
    """All steps of the same runs; one that finished early has none left."""
    live_or_finished = (run for run in runs if run.is_live or run.state == "finished")
    return sum(run.total_steps if run.is_live else run.step for run in live_or_finished)


def steps_ahead(runs: Iterable[RunHistory]) -> int:
    """Steps that will be taken until the last run ends, where as many train side by side as do now.

    Waiting runs go to whichever comes free first, in their order; at the end some have nothing left to do, and the
    rest is not done any sooner for it.
    """
    live = [run for run in runs if run.is_live]
    lanes = [run.total_steps - run.step for run in live if run.state != "waiting"] or [0]
    heapify(lanes)
    for run in live:
        if run.state == "waiting":
            heapreplace(lanes, lanes[0] + run.total_steps)
    return max(lanes) * len(lanes)


class Header(Lines):
    """The top line of the explorer."""

    DEFAULT_CSS = """
    Header { height: 1; padding: 0 1; background: $panel; }
    """

    can_focus = False

    def __init__(self, view: View) -> None:
        super().__init__(id="header")
        self._view = view
        self._pace = Pace()

    def show_view(self) -> None:
        """Follow the view."""
        view = self._view
        if view.session.is_busy and not view.race.runner.is_paused:
            self._pace.note(view.clock(), steps_done(view.session.current.values()))
        else:
            self._pace.rest()
        self.show([header_line(view, self.room, self._pace)])

    def on_resize(self) -> None:
        self.show_view()
