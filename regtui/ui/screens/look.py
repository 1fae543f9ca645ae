"""What all looks at the weights of the selected arm share: they ask the worker, wait, and show the latest answer."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from regtui.commands import ProbeKind
from regtui.events import Answer, OfWeights
from regtui.store import RunHistory
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, OPEN, Line, line, spread, wrapped
from regtui.ui.view import View
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.lines import Lines

GLANCE_EVERY = 0.5
"""Seconds between two glances at the run; workers are asked at its evaluation points only."""
FOLLOW_AFTER = 2.0
"""Seconds at least between two questions that nobody pressed a key for: an answer takes the worker up to 0.6 s of a CPU
(32 sub-networks of a 6-conv CNN, 200 pictures), in which its run waits."""
WEIGHTS = {
    "run": "weights of its run, after step {step}",
    "stored": "weights that its run kept at step {step}",
    "initial": "weights that a run begins with",
}
UNKEPT = (
    "No worker holds the weights of this arm's run, so these are untrained ones. Run the arm again to look inside it: "
    "r, then space."
)


class Look(Lines, can_focus=True):
    """Asks about the selected arm and shows what came; scrolls."""

    kind: ClassVar[ProbeKind]
    follows: ClassVar[bool] = False
    """Whether it asks again whenever the run that it shows has been evaluated."""

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(id=id)
        self._view = view
        self.answer: OfWeights | None = None
        """The latest that came to the question of this kind."""
        self._asked: dict[ProbeKind, str] = {}
        """Ids of the latest questions."""
        self._answered: set[ProbeKind] = set()
        self._draw = -1
        self._shown_training: Line = EMPTY
        self._asked_at = 0.0
        self._evaluations = 0
        """Of the run when it was asked last."""

    def on_mount(self) -> None:
        self.action_again()
        self.set_interval(GLANCE_EVERY, self.glance)

    def on_resize(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_again()

    def take(self, answer: Answer) -> None:
        """An answer has come; one to an earlier question is out of date."""
        for kind, ask in self._asked.items():
            if answer.ask == ask:
                self._answered.add(kind)
                self.keep(kind, answer)
                self.show_view()

    def keep(self, kind: ProbeKind, answer: Answer) -> None:
        """Note an answer of that kind."""
        if kind == self.kind and isinstance(answer, OfWeights):
            self.answer = answer

    def lines(self) -> list[Line]:
        """What the answer says; there is one, without trouble."""
        raise NotImplementedError

    def show_view(self) -> None:
        """Follow the latest answer."""
        answer, rows = self.answer, [self._state()]
        if answer is not None and answer.trouble:
            rows += [EMPTY, *wrapped(answer.trouble, self.room, BAD)]
        elif answer is not None:
            if answer.weights == "initial" and self.run is not None and self.run.step:
                rows += wrapped(UNKEPT, self.room, OPEN)
            rows += self.lines()
        self.show(rows)

    @property
    def run(self) -> RunHistory | None:
        """The run of the arm that trains, else the one that stands for it."""
        runs = self._view.session.of_arm(self._view.selected.name).values()
        live = next((run for run in runs if run.state in ("running", "paused")), None)
        return live or self._view.shown_run(self._view.selected.name)

    def is_waiting(self, kind: ProbeKind) -> bool:
        """Whether the latest question of that kind has no answer yet."""
        return kind in self._asked and kind not in self._answered

    def ask(self, kind: ProbeKind) -> None:
        """Put a question of that kind."""
        run = self.run
        if kind == self.kind:
            self._asked_at = self._view.clock()
            self._evaluations = len(run.evaluations) if run is not None else 0
        self._answered.discard(kind)
        self._asked[kind] = self._view.race.probe(self._view.selected.name, self._draw, kind)
        self.show_view()

    def action_again(self) -> None:
        """The weights as they are now, with other draws."""
        self._draw += 1
        self.ask(self.kind)

    def glance(self) -> None:
        """Ask again once the run has been evaluated, with the same draws; show in which mode it trains."""
        run = self.run
        is_new = run is not None and len(run.evaluations) > self._evaluations
        is_due = self._view.clock() - self._asked_at >= FOLLOW_AFTER
        if self.follows and is_new and is_due and not self.is_waiting(self.kind):
            self.ask(self.kind)
        elif self._training() != self._shown_training:
            self.show_view()

    def _training(self) -> Line:
        """In which mode the run trains; empty where none does."""
        run = self.run
        if run is None or run.state not in ("running", "paused"):
            return EMPTY
        return line(("its run trains in ", FAINT), (f"{run.mode}()", OPEN if run.mode == "eval" else MUTED))

    def _state(self) -> Line:
        answer, start = self.answer, self._training()
        self._shown_training = start
        if answer is None or self.is_waiting(self.kind):
            told = "asked the worker…" if self._view.ready else "loading PyTorch…"
            return spread(start, line((told, MUTED)), self.room)
        told = "" if answer.trouble else WEIGHTS[answer.weights].format(step=answer.step)
        return spread(start, line((told, FAINT)), self.room)


class LookScreen(ModalScreen[None]):
    """A dialog around a look."""

    BINDINGS = [Binding(key, "dismiss", "close", show=False) for key in ("escape", "q")]

    def __init__(self, view: View, rows: Look, *, id: str, title: str, hinted: tuple[str, ...]) -> None:
        """`id` is that of the glossary's entry; `hinted` says what the keys of its own do."""
        super().__init__()
        self.rows = rows
        self._view, self._entry, self._title, self._hints = view, id, title, hinted

    def compose(self) -> ComposeResult:
        with Vertical(id=self._entry, classes="dialog pane") as dialog:
            dialog.border_title = Content.assemble(f"{self._title} · ", self._view.selected.name)
            dialog.border_subtitle = hints(*self._hints, "↑ ↓ scroll", "esc closes")
            yield self.rows
