"""The lesson: the question, what to look at, what the runs say of each claim and of what the user expected.

The one key to press stands below the rest, where it cannot be scrolled away.
"""

from __future__ import annotations

from regtui.ui.keys import of_place
from regtui.ui.panes.claims import claim_lines, prediction_lines
from regtui.ui.panes.diagnosed import diagnosis_lines, inside_lines
from regtui.ui.panes.observed import observation, own_data, redrawn_labels, sealed_test, steering, troubles
from regtui.ui.panes.pane import Pane
from regtui.ui.text import BAD, EMPTY, MUTED, OPEN, Line, flowed, left, line, wrapped
from regtui.ui.unfinished import offer_here
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

ACTIONS = {key.short: key.action for key in of_place("app")}
"""What the explorer's keys do."""


def lesson_lines(view: View, room: int) -> list[Line]:
    """All but the next steps, in `room` cells."""
    session = view.session
    rows = wrapped(session.scenario.question, room, "bold $foreground")
    if view.warning:
        rows += wrapped(view.warning, room, OPEN)
    for trouble in troubles(view):
        rows += wrapped(trouble, room, BAD)
    if session.is_sealed and session.current:
        rows += wrapped(sealed_test(view), room, MUTED)
    predicted = prediction_lines(session, room)
    if not session.current:
        rows += first_steps(room) if view.is_new else ()
        rows += predicted
        rows += wrapped(session.scenario.story, room, MUTED) if session.scenario.story else []
        rows += wrapped(own_data(view), room, MUTED)
        if view.cost and session.is_own_work:
            rows += wrapped(view.cost, room, "", line(("Takes  ", MUTED)))
        if session.scenario.watch:
            rows += wrapped(session.scenario.watch, room, "", line(("Watch  ", MUTED)))
        return rows
    found = diagnosis_lines(view, room)
    rows += found + inside_lines(view, room)
    seen = steering(view) if found else observation(view)
    if seen:
        rows += wrapped(seen, room, "", line(("Now    ", MUTED)))
    elif session.scenario.watch and not found:
        rows += wrapped(session.scenario.watch, room, "", line(("Watch  ", MUTED)))
    labels = redrawn_labels(view)
    if labels:
        rows += wrapped(labels, room, "", line(("Labels ", MUTED)))
    return [*rows, EMPTY, *claim_lines(session.verdicts(), room, session.predictions), *predicted]


def first_steps(room: int) -> list[Line]:
    """Three lines for who is here for the first time; they go with the first run."""
    steps = (
        ("space", "trains the arms on the left, for real: watch the curves"),
        ("↑ ↓ enter", "choose an arm; enter leads to its settings, + - change them"),
        ("?", "explains what you see; ctrl+p finds every action"),
    )
    return [row for key, what in steps for row in wrapped(what, room, "", line((left(key, 11), "bold $accent")))]


def next_steps(view: View) -> list[Line]:
    """What to press, the most likely first; each a line of its own that stays whole."""
    session = view.session
    if session.is_busy:
        if view.race.runner.is_paused:
            return [_key("space", "goes on"), _key("s", "takes one step"), _key("x", "stops")]
        return [_key("space", "pauses"), _key("x", "stops")]
    seeds, most = view.race.seeds, session.scenario.seeds
    missing = session.missing(range(seeds))
    if missing:
        epochs = max(arm.train.epochs for arm in session.arms)
        count = len({arm for arm, _ in missing})
        arms = "the arm" if count == 1 else f"the {count} arms"
        again = " again" if all(pair in session.current for pair in missing) else ""
        run = line("Press ", *_key("space", f"to run {arms}{again}, {epochs} epochs each"))
        if not session.can_predict:
            here = offer_here(session)
            return [_key("f", here), run] if here else [run]
        # Of one arm without a claim there is nothing to say beforehand.
        asks = len(session.scenario.arms) > 1 or session.scenario.claims
        steps = [_key("g", "changes what you said" if session.predictions else "predicts first")] if asks else []
        return [run, *steps, *([_key("f", view.offer.sentence)] if view.offer is not None else [])]
    if seeds < most:
        more, rest = _key("m", f"one more seed ({seeds} of {most} done)"), _key("M", f"all {most}")
        if seeds == 1:
            return [line("One seed gives no interval: ", *more), rest]
        return [more, rest, _key("n", "next scenario")]
    return [*more_wanted(view), _key("n", "next scenario"), _key("z", "quiz"), _key("r", "starts over")]


def more_wanted(view: View) -> list[Line]:
    """What would decide a claim that all seeds of the scenario left open; nothing where no number of seeds might."""
    open_claims = [verdict for verdict in view.session.verdicts() if verdict.outcome == "not shown"]
    needed = [verdict.seeds_needed for verdict in open_claims if verdict.seeds_needed]
    if not needed:
        return []
    which = "it" if len(open_claims) == 1 else "one more"
    about = f"about {min(needed)} seeds might decide {which}: "
    return [line(("… ", OPEN), about, ("regtui run", "bold"), f" with --seeds {min(needed)}")]


def _key(key: str, what: str) -> Line:
    """A key and what it does; a click on either does it."""
    action = ACTIONS[key]
    does = f"@click={action if action.startswith('screen.') else f'app.{action}'}"
    return line((key, f"bold $accent {does}"), (f" {what}", does))


class LessonRows(Lines, can_focus=True):
    """The text, which scrolls where it is longer than the pane."""

    def __init__(self, view: View) -> None:
        super().__init__(id="lesson-rows")
        self._view = view

    def show_view(self) -> None:
        """Follow the view, unless hidden: lines folded for no room would flash up when it is shown again."""
        if self.room:
            self.show(lesson_lines(self._view, self.room))

    def on_resize(self) -> None:
        self.show_view()


class NextStep(Lines):
    """What to press, always in sight: as high as its text, below the rows that scroll."""

    can_focus = False

    def __init__(self, view: View, *, id: str = "next-step", most: int | None = None) -> None:
        """`most`: rows that it may take where the lesson is not shown, the likeliest steps first."""
        super().__init__(id=id)
        self._view, self._most = view, most

    def show_view(self) -> None:
        """Follow the view, unless hidden."""
        if self.room:
            steps = next_steps(self._view)
            if self._most is not None and troubles(self._view):
                steps.insert(0, _key("5", "tells what went wrong"))
            rows = flowed(steps, self.room)[: self._most]
            self.styles.height = len(rows)
            self.show(rows)

    def on_resize(self) -> None:
        self.show_view()


class LessonPane(Pane):
    """Question, observation, verdicts, and the next step."""

    def __init__(self, view: View) -> None:
        self._rows, self._step = LessonRows(view), NextStep(view)
        super().__init__([self._rows, self._step], id="lesson")

    def show_view(self) -> None:
        """Follow the view."""
        self.set_title(line(("Lesson", "bold")))
        self._rows.show_view()
        self._step.show_view()
