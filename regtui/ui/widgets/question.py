"""A question with its choices, answered by arrows and enter, by a digit or by a click; then what there is to say."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from regtui.ui.keys import bindings
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, STRONG, Line, line, marked, wrapped
from regtui.ui.widgets.lines import Lines

CURSOR = "▸ "
SKIP = 0
"""The digit of the last choice where that one skips the question."""


class QuestionCard(Lines, can_focus=True):
    """Shows one question at a time. Open until `tell`; then enter goes on."""

    BINDINGS = bindings("question")

    class Picked(Message):
        """A choice was taken."""

        def __init__(self, choice: int) -> None:
            super().__init__()
            self.choice = choice

    class Passed(Message):
        """What was said about the answer has been read."""

    def __init__(self, *, skippable: bool = False) -> None:
        super().__init__(id="question")
        self._skippable = skippable
        """The last choice has the digit 0."""
        self._head: list[tuple[str, str]] = []
        self._choices: Sequence[str] = ()
        self._cursor = 0
        self._answer: int | None = None
        self._picked: int | None = None
        self._told: list[tuple[str, str]] = []
        self._rows: list[int | None] = []
        """By row: the choice that stands there."""

    @property
    def is_open(self) -> bool:
        """Nothing was said about an answer yet."""
        return not self._told

    def ask(self, head: Sequence[tuple[str, str]], choices: Sequence[str], *, cursor: int = 0) -> None:
        """Show a question: paragraphs with their styles, and the choices below."""
        self._head, self._choices, self._cursor = list(head), choices, cursor
        self._answer = self._picked = None
        self._told = []
        self._draw()

    def tell(self, told: Sequence[tuple[str, str]], *, picked: int | None = None, answer: int | None = None) -> None:
        """Say something about the answer below the choices: the right one and the picked one are marked."""
        self._told, self._picked, self._answer = list(told), picked, answer
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Digits take a choice at once."""
        char = event.character or event.key  # a click on the hint below has no character
        if not self.is_open or len(char) != 1 or not char.isascii() or not char.isdigit():
            return
        choice = len(self._choices) - 1 if self._skippable and int(char) == SKIP else int(char) - 1
        if 0 <= choice < len(self._choices):
            event.stop()
            self.post_message(self.Picked(choice))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = self.row_at(offset.y) if offset is not None else -1
        choice = self._rows[row] if 0 <= row < len(self._rows) else None
        if self.is_open and choice is not None:
            self.post_message(self.Picked(choice))

    def action_choose(self, by: int) -> None:
        """Move the cursor, or scroll where nothing is to be chosen."""
        if not self.is_open or not self._choices:
            self.scroll_relative(y=by, animate=False)
        else:
            self._cursor = min(max(self._cursor + by, 0), len(self._choices) - 1)
            self._draw()

    def action_pick(self) -> None:
        """Take the choice under the cursor, or go on."""
        self.post_message(self.Picked(self._cursor) if self.is_open and self._choices else self.Passed())

    def _draw(self) -> None:
        rows = [row for text, style in self._head for row in wrapped(text, self.room, style)]
        self._rows = [None] * len(rows)
        for i, choice in enumerate(self._choices):
            for row in self._choice(i, choice):
                rows.append(row)
                self._rows.append(i)
        above = len(rows)
        if self._told:
            rows += [EMPTY, *(row for text, style in self._told for row in wrapped(text, self.room, style))]
        self.show(rows)
        self._keep_in_sight(range(above, len(rows)) if self._told else self._of_cursor())

    def _of_cursor(self) -> range:
        """The rows of the choice under the cursor; with the first one, the question above it too."""
        rows = [y for y, choice in enumerate(self._rows) if choice == self._cursor]
        return range(0 if self._cursor == 0 else rows[0], rows[-1] + 1) if rows else range(0)

    def _keep_in_sight(self, rows: range) -> None:
        """Scroll as little as it takes where the terminal is too low for everything."""
        top, height = self.scroll_offset.y, self.size.height
        if rows.stop > top + height:
            self.scroll_to(y=rows.stop - height, animate=False)
        elif rows.start < top:
            self.scroll_to(y=rows.start, animate=False)

    def _choice(self, i: int, text: str) -> list[Line]:
        digit = SKIP if self._skippable and i == len(self._choices) - 1 else i + 1
        number = f"{digit}  " if digit < 10 else "   "
        if self.is_open:
            here = i == self._cursor
            before = line((CURSOR if here else "  ", "bold $primary"), (number, FAINT if not here else "$primary"))
            rows = wrapped(text, self.room, STRONG if here else "", before)
            return [marked(row, self.room) for row in rows] if here else rows
        mark, style = ("✔ ", GOOD) if i == self._answer else ("✘ ", BAD) if i == self._picked else ("  ", MUTED)
        return wrapped(text, self.room, style, line((mark, f"bold {style}"), (number, FAINT)))
