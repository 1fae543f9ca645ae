"""Say what you expect, before anything has run: the best arm, then each claim."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from regtui.criterion import criterion
from regtui.predictions import Predictions
from regtui.session import Session
from regtui.ui.text import MUTED, STRONG
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.question import QuestionCard

SKIP = "skip"
HOLDS = (True, False, None)
"""What the three choices of a claim mean."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question and its choices; `claim` is the claim's place, None where the best arm is asked for."""

    text: str
    choices: tuple[str, ...]
    claim: int | None = None
    asked: str = ""
    """What exactly the claim asks of the runs."""

    def answered(self, predictions: Predictions, choice: int) -> Predictions:
        """The predictions with this choice in them."""
        if self.claim is not None:
            return predictions.with_claim(self.claim, HOLDS[choice])
        is_skip = choice == len(self.choices) - 1
        return predictions.with_best(None if is_skip else self.choices[choice])

    def chosen(self, predictions: Predictions) -> int:
        """The choice that was made before, else the first."""
        if self.claim is not None:
            return HOLDS.index(predictions.claims[self.claim]) if self.claim in predictions.claims else 0
        return self.choices.index(predictions.best) if predictions.best is not None else 0


def questions(session: Session) -> list[Ask]:
    """What can be predicted in a scenario; an arm without a rival cannot be the best."""
    scenario, part = session.scenario, session.held_out
    asks = []
    if len(scenario.arms) > 1:
        arms = tuple(arm.name for arm in scenario.arms)
        asks.append(Ask(f"Which arm has the best {part} accuracy?", (*arms, SKIP)))
    return asks + [
        Ask(f'"{claim.text}": does it hold here?', ("holds", "does not hold", SKIP), place,
            criterion(claim.check, part=part))
        for place, claim in enumerate(scenario.claims)
    ]  # fmt: skip


class PredictScreen(ModalScreen[None]):
    """Each answer is kept at once, so leaving early loses nothing."""

    BINDINGS = [Binding(key, "dismiss", "close", show=False) for key in ("escape", "g", "q")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._asks = questions(session)
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="predict", classes="dialog") as dialog:
            dialog.border_title = "Predict"
            dialog.border_subtitle = hints("↑ ↓ enter or a digit", "0 skips", "← back", "escape leaves")
            yield QuestionCard(skippable=True)

    def on_mount(self) -> None:
        self._show()

    def on_question_card_picked(self, message: QuestionCard.Picked) -> None:
        message.stop()
        self._session.predict(self._asks[self._at].answered(self._session.predictions, message.choice))
        self._at += 1
        if self._at == len(self._asks):
            self.dismiss()
        else:
            self._show()

    def action_back(self) -> None:
        """The question before this one."""
        self._at = max(self._at - 1, 0)
        self._show()

    def _show(self) -> None:
        ask = self._asks[self._at]
        where = f"{self._at + 1} of {len(self._asks)} · {self._session.scenario.question}"
        asked = [(f"{ask.asked}.", MUTED)] if ask.asked else []
        head = [(where, MUTED), ("", ""), (ask.text, STRONG), *asked, ("", "")]
        self.query_one(QuestionCard).ask(head, ask.choices, cursor=ask.chosen(self._session.predictions))
