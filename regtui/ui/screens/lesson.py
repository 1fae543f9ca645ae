"""The lesson's page: its goals, what to know before, the way through it and where one stands, its last questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from regtui.progress import Progress
from regtui.scenario import SECTIONS, Scenario
from regtui.session import Session
from regtui.ui import lesson_text
from regtui.ui.keys import bindings
from regtui.ui.lesson_text import Reflection
from regtui.ui.messages import ActionPicked
from regtui.ui.panes.claims import claim_lines
from regtui.ui.screens.help import heading
from regtui.ui.text import EMPTY, FAINT, GOOD, MUTED, STRONG, Line, left, line, right, spread, wrapped
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.lines import TO_BOTH_ENDS, Lines

Find = Callable[[str], Session | None]
"""The session of a scenario by its id, where it was visited."""


def page_lines(scenarios: Iterable[Scenario], progress: Progress, find: Find, room: int) -> list[Line]:
    """The whole page in `room` cells."""
    known = {scenario.id: scenario for scenario in scenarios}
    rows = [*wrapped(lesson_text.ABOUT, room), EMPTY]
    for title, points in (("Goals", lesson_text.GOALS), ("What to know before", lesson_text.BEFORE)):
        rows.append(heading(title, room))
        for point in points:
            rows += wrapped(point, room, "", line(("• ", "$primary")))
        rows.append(EMPTY)
    rows.append(heading("The way through it", room))
    for section in SECTIONS:
        rows += _section(section, [each for each in known.values() if each.section == section], progress, find, room)
    rows.append(heading("Three questions for reflection", room))
    for number, reflection in enumerate(lesson_text.REFLECTIONS, 1):
        rows += wrapped(reflection.question, room, STRONG, line((f"{number}  ", "bold $primary")))
        rows += wrapped(reflection.look, room, "", line("   "))
        opens = answering(reflection, known.values(), progress, find)
        for scenario in (known[id] for id in reflection.scenarios if id in known):
            digit = str(number) if scenario is opens else ""
            rows += _answer(scenario, progress, find(scenario.id), room, digit)
        rows.append(EMPTY)
    rows.append(heading("Related lessons", room))
    name = max(cell_len(title) for title, _ in lesson_text.RELATED) + 2
    for title, why in lesson_text.RELATED:
        rows += wrapped(why, room, MUTED, line((left(title, name), "")))
    return rows


def _section(section: str, scenarios: list[Scenario], progress: Progress, find: Find, room: int) -> list[Line]:
    number = SECTIONS.index(section) + 1
    rows = [line((f"{number}  {section}", "bold"))]
    rows += wrapped(lesson_text.SECTIONS[section], room, MUTED, line("   "))
    for scenario in scenarios:
        session = find(scenario.id)
        name = line("   ", *_mark(scenario, progress, session), (scenario.title, _opens(scenario)))
        rows.append(spread(name, _status(scenario, progress, session), room))
    return [*rows, EMPTY]


def _mark(scenario: Scenario, progress: Progress, session: Session | None) -> Line:
    seeds = _seeds(scenario, progress, session)
    return line(("✔ ", GOOD) if seeds >= scenario.seeds else ("● ", "$primary") if seeds else ("○ ", FAINT))


def _status(scenario: Scenario, progress: Progress, session: Session | None) -> Line:
    """Claims, seeds and quiz in columns."""
    seeds = _seeds(scenario, progress, session)
    of = len(scenario.quiz)
    score = progress.score(scenario.id, of)
    claims = f"{len(scenario.claims)} claim{'' if len(scenario.claims) == 1 else 's'}"
    ran = f"{seeds}/{scenario.seeds} seeds" if seeds else "not run"
    quiz = f"quiz {score.right}/{score.of}" if score is not None else f"quiz –/{of}" if of else ""
    styles = ("" if seeds else FAINT, "" if score is not None else FAINT)
    return line((f" {right(claims, 8)}", MUTED), (right(ran, 10), styles[0]), (right(quiz, 10), styles[1]))


def _seeds(scenario: Scenario, progress: Progress, session: Session | None) -> int:
    return max(progress.seeds(scenario.id), session.seeds_done if session is not None else 0)


def answering(reflection: Reflection, scenarios: Iterable[Scenario], progress: Progress, find: Find) -> Scenario | None:
    """The scenario to open for a question for reflection: the first of its own that has not run, else the first."""
    known = {scenario.id: scenario for scenario in scenarios}
    own = [known[id] for id in reflection.scenarios if id in known]
    return next((each for each in own if not _seeds(each, progress, find(each.id))), own[0] if own else None)


def _answer(scenario: Scenario, progress: Progress, session: Session | None, room: int, digit: str) -> list[Line]:
    """The scenario that answers, and its verdicts where it has run since the start."""
    name = line("   → ", (scenario.title, f"$primary {_opens(scenario)}"), (f"  {scenario.id}", FAINT))
    has_verdicts = session is not None and session.seeds_done > 0
    state = "your runs" if has_verdicts else "run at an earlier start" if progress.seeds(scenario.id) else "not run"
    opens = line((f"  {digit}", "bold $accent"), (" opens it", MUTED)) if digit else ()
    rows = [spread(name, line((state, MUTED), *opens), room)]
    if session is not None and has_verdicts:
        rows += [line("     ", *row) for row in claim_lines(session.verdicts(), room - 5, session.predictions)]
    return rows


def _opens(scenario: Scenario) -> str:
    """The style of a title that a click opens."""
    return f"@click=screen.open({scenario.id!r})"


class LessonText(Lines, can_focus=True):
    """Scrolls."""

    BINDINGS = TO_BOTH_ENDS

    def __init__(self, scenarios: list[Scenario], progress: Progress, find: Find) -> None:
        super().__init__(id="lesson-text")
        self._scenarios, self._progress, self._find = scenarios, progress, find

    def on_resize(self) -> None:
        self.show(page_lines(self._scenarios, self._progress, self._find, self.room))


class LessonScreen(ModalScreen[Scenario | None]):
    """A page to read; gives the scenario that the user wants to see, or None."""

    BINDINGS = [
        *(Binding(key, "dismiss(None)", "close", show=False) for key in ("escape", "h", "q", "enter", "space")),
        *bindings("page"),
    ]

    def __init__(self, scenarios: list[Scenario], progress: Progress, find: Find) -> None:
        super().__init__()
        self._scenarios = scenarios
        self._text = LessonText(scenarios, progress, find)
        answers = (answering(reflection, scenarios, progress, find) for reflection in lesson_text.REFLECTIONS)
        self._answers = {str(number): scenario for number, scenario in enumerate(answers, 1) if scenario is not None}
        """The scenario that a digit opens."""

    def compose(self) -> ComposeResult:
        with Vertical(id="lesson-page", classes="dialog") as dialog:
            dialog.border_title = "Lesson · Regularization: Dropout, BatchNorm"
            dialog.border_subtitle = hints("↑ ↓ scroll", "o scenarios", "z quiz", "escape closes")
            yield self._text

    def on_key(self, event: events.Key) -> None:
        """The digit of a question for reflection opens the scenario that answers it."""
        if event.character in self._answers:
            event.stop()
            self.dismiss(self._answers[event.character])

    def action_open(self, id: str) -> None:
        """The scenario whose title was clicked."""
        self.dismiss(next(scenario for scenario in self._scenarios if scenario.id == id))

    def action_leave_for(self, action: str) -> None:
        """Close, and do that instead."""
        self.dismiss(None)
        self.app.post_message(ActionPicked(action))
