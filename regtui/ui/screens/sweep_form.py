"""Ask what to search around the selected arm, and show the command that would do it."""

from __future__ import annotations

import shlex

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from regtui.scenario import ScenarioError
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.sweep.starting import suggested, sweep_words
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, Line, line, wrapped
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.lines import Lines

TRIALS = "20"
FIELDS = {
    "over": ("Search", "dropout.p=0:0.7 train.lr=1e-4:1e-2:log train.schedule=cosine,onecycle"),
    "trials": ("Trials", "20"),
    "more": ("Options", "--pruner asha  --seeds 2  --epochs 10  --ray auto"),
}
"""By id: what stands before a field, and what stands in it while it is empty."""
ABOUT = (
    "Each trial trains the arm with other values and is judged on the validation split; the winner is compared with "
    "the arm on the test split at the end. It goes on when you leave: x on its screen stops it, the same search "
    "goes on with it later."
)


class Field(Input):
    """A line to type into."""

    BINDINGS = [Binding("up", "app.focus_previous", show=False), Binding("down", "app.focus_next", show=False)]


class SweepForm(ModalScreen[list[str] | None]):
    """Gives the words of the command, or None."""

    BINDINGS = [Binding("escape", "dismiss(None)", "close", show=False)]
    AUTO_FOCUS = "#over"

    def __init__(self, session: Session, arm: str) -> None:
        super().__init__()
        self._session, self._arm = session, arm
        values = {"over": suggested(session.arm(arm)), "trials": TRIALS, "more": ""}
        self._fields = {
            id: Field(values[id], placeholder=hint, id=id, compact=True, select_on_focus=False)
            for id, (_, hint) in FIELDS.items()
        }
        self._labels = {id: Lines(classes="sweep-label") for id in FIELDS}
        self._about, self._told = Lines(id="sweep-about"), Lines(id="sweep-told")
        for lines in (*self._labels.values(), self._about, self._told):
            lines.can_focus = False

    def compose(self) -> ComposeResult:
        with Vertical(id="sweep-form", classes="dialog") as dialog:
            dialog.border_title = Content.assemble("Sweep · ", self._arm)
            dialog.border_subtitle = hints("enter begins", "↑ ↓ fields", "escape closes")
            yield self._about
            for id, field in self._fields.items():
                yield self._labels[id]
                yield field
            yield self._told

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        words, _ = self._words()
        if words is not None:
            self.dismiss(words)

    def _words(self) -> tuple[list[str] | None, str]:
        """The command, or None and what is wrong."""
        over, trials, more = (field.value.strip() for field in self._fields.values())
        try:
            return sweep_words(self._session, self._arm, over, trials, more), ""
        except ScenarioError as error:
            return None, "; ".join(f"{problem.key or error.source}: {problem.message}" for problem in error.problems)

    def _show(self) -> None:
        self._about.show(wrapped(ABOUT, self._about.room, MUTED))
        for id, (name, _) in FIELDS.items():
            self._labels[id].show([line((name, "bold"))])
        words, wrong = self._words()
        room = self._told.room
        rows: list[Line] = [EMPTY]
        rows += wrapped(shlex.join(["regtui", *words]), room, FAINT) if words else wrapped(printable(wrong), room, BAD)
        self._told.show(rows)
