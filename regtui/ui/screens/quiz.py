"""The quiz: a question, the answer with its reason, the runs that show it, and the score at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from regtui.progress import Progress
from regtui.quiz import Item, Quiz
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.ui.evidence import evidence
from regtui.ui.text import BAD, GOOD, MUTED, STRONG
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.question import QuestionCard


class QuizScreen(ModalScreen[Scenario | None]):
    """Gives the scenario that the user wants to see, or None. A scenario's score counts once all of it is answered."""

    BINDINGS = [Binding(key, "dismiss(None)", "close", show=False) for key in ("escape", "z", "q")]

    def __init__(
        self, scenarios: Sequence[Scenario], progress: Progress, find: Callable[[str], Session | None], present: str
    ) -> None:
        """`find` gives the session of a scenario that was visited; `present` is the id of the one on the screen."""
        super().__init__()
        self._quiz = Quiz(scenarios)
        self._is_of_many = len(scenarios) > 1
        self._progress, self._find, self._present = progress, find, present
        self._shown: Item | None = None
        """The question on the screen."""

    def compose(self) -> ComposeResult:
        with Vertical(id="quiz", classes="dialog") as dialog:
            dialog.border_title = "Quiz"
            yield QuestionCard()

    def on_mount(self) -> None:
        self._show()

    def on_question_card_picked(self, message: QuestionCard.Picked) -> None:
        message.stop()
        item = self._quiz.present
        if item is None:
            return
        is_right = self._quiz.answer(message.choice)
        score = self._quiz.score(item.scenario.id)
        if score is not None:
            self._progress.answered(item.scenario.id, *score)
        session = self._find(item.scenario.id)
        is_open = item.scenario.id == self._present
        told = [
            ("✔ Right." if is_right else "✘ Wrong.", f"bold {GOOD if is_right else BAD}"),
            (item.question.because, ""), ("", ""),
            (evidence(item.scenario, item.question, session, is_open=is_open), MUTED),
        ]  # fmt: skip
        self.query_one(QuestionCard).tell(told, picked=message.choice, answer=item.question.answer)
        self._hint("enter goes on", *(() if is_open else ("o opens the scenario",)))

    def on_question_card_passed(self, message: QuestionCard.Passed) -> None:
        message.stop()
        if self._shown is None:
            self.dismiss(None)
        else:
            self._show()

    def action_open(self) -> None:
        """Go to the scenario of the question on the screen."""
        if self._shown is not None and self._shown.scenario.id != self._present:
            self.dismiss(self._shown.scenario)

    def _show(self) -> None:
        card, quiz = self.query_one(QuestionCard), self._quiz
        self._shown = item = quiz.present
        if item is None:
            of = len(quiz.items)
            card.ask([(f"{quiz.right} of {of} right.", STRONG), ("", ""), *self._scores()], ())
            self._hint("enter closes")
            return
        where = f"{len(quiz.picks) + 1} of {len(quiz.items)}"
        if self._is_of_many:
            where += f" · {item.scenario.section} › {item.scenario.title}"
        card.ask([(where, MUTED), ("", ""), (item.question.question, STRONG), ("", "")], item.question.choices)
        self._hint("↑ ↓ enter or a digit answers", "escape leaves")

    def _scores(self) -> list[tuple[str, str]]:
        if not self._is_of_many:
            return [("The best score is kept and stands in the list of scenarios (o).", MUTED)]
        seen = {item.scenario.id: item.scenario for item in self._quiz.items}
        scores = [(scenario.title, self._quiz.score(scenario.id)) for scenario in seen.values()]
        return [(f"{score[0]}/{score[1]}  {title}", "") for title, score in scores if score is not None]

    def _hint(self, *texts: str) -> None:
        self.query_one("#quiz", Vertical).border_subtitle = hints(*texts)
