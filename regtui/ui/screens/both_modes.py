"""train() against eval(): one batch through the present weights of the selected arm in both modes."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from regtui.events import Modes
from regtui.ui.both_modes import modes_lines
from regtui.ui.keys import bindings
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, Line, line, right, wrapped
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

WEIGHTS = {
    "run": "weights of its run, after step {step}",
    "stored": "weights that its run kept at step {step}",
    "initial": "weights that a run begins with",
}


class ModesView(Lines, can_focus=True):
    """The comparison; scrolls, and asks again."""

    BINDINGS = bindings("modes")

    def __init__(self, view: View) -> None:
        super().__init__(id="modes-rows")
        self._view = view
        self._modes: Modes | None = None
        """The latest that came."""
        self._asked = ""
        """Id of the latest question."""
        self._draw = -1

    def on_mount(self) -> None:
        self.action_again()

    def on_resize(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_again()

    def take(self, modes: Modes) -> None:
        """An answer has come; one to an earlier question is out of date."""
        if modes.ask == self._asked:
            self._modes = modes
            self.show_view()

    def show_view(self) -> None:
        """Follow the latest answer."""
        modes, room = self._modes, self.room
        rows = [self._state(modes)]
        if modes is not None and modes.trouble:
            rows += [EMPTY, *wrapped(modes.trouble, room, BAD)]
        elif modes is not None:
            rows += modes_lines(modes, room)
        self.show(rows)

    def action_again(self) -> None:
        """The weights as they are now, with other Dropout masks."""
        self._draw += 1
        self._asked = self._view.race.probe(self._view.selected.name, self._draw, "modes")
        self.show_view()

    def _state(self, modes: Modes | None) -> Line:
        if modes is None or modes.ask != self._asked:
            told = "asked the worker …" if self._view.ready else "loading PyTorch …"
            return line((right(told, self.room), MUTED))
        told = "" if modes.trouble else WEIGHTS[modes.weights].format(step=modes.step)
        return line((right(told, self.room), FAINT))


class ModesScreen(ModalScreen[None]):
    """The usual keys close it."""

    BINDINGS = [Binding(key, "dismiss", "close", show=False) for key in ("escape", "t", "q")]

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self.rows = ModesView(view)

    def compose(self) -> ComposeResult:
        with Vertical(id="modes", classes="dialog pane") as dialog:
            dialog.border_title = f"train() against eval() · {self._view.selected.name}"
            dialog.border_subtitle = "space again, other masks · ↑ ↓ scroll · escape closes"
            yield self.rows
