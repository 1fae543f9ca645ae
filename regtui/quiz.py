"""A walk through the questions of one scenario, or of many: what was answered, and the score of each scenario.

Free of screens and of torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regtui.scenario import Question, Scenario


@dataclass(frozen=True, slots=True)
class Item:
    """A question and where it comes from."""

    scenario: Scenario
    question: Question


class Quiz:
    """One question after the other, each answered once."""

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        self.items = [Item(scenario, question) for scenario in scenarios for question in scenario.quiz]
        self.picks: list[int] = []
        """The choices taken so far."""

    @property
    def present(self) -> Item | None:
        """The question that waits for an answer; None at the end."""
        return self.items[len(self.picks)] if len(self.picks) < len(self.items) else None

    def answer(self, choice: int) -> bool:
        """Take a choice; whether it is right. Raises IndexError at the end or where there is no such choice."""
        item = self.items[len(self.picks)]
        if not 0 <= choice < len(item.question.choices):
            raise IndexError(f"choice {choice} of a question with {len(item.question.choices)} choices")
        self.picks.append(choice)
        return choice == item.question.answer

    @property
    def right(self) -> int:
        """Right answers so far."""
        return sum(self._is_right(at) for at in range(len(self.picks)))

    def score(self, scenario: str) -> tuple[int, int] | None:
        """(right, of) of a scenario by its id; None until all its questions are answered, or where it has none."""
        own = [at for at, item in enumerate(self.items) if item.scenario.id == scenario]
        if not own or own[-1] >= len(self.picks):
            return None
        return sum(self._is_right(at) for at in own), len(own)

    def _is_right(self, at: int) -> bool:
        return self.picks[at] == self.items[at].question.answer
