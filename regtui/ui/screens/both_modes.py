"""train() against eval(): one batch through the present weights of the selected arm in both modes."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding

from regtui.commands import ProbeKind
from regtui.events import Modes
from regtui.ui.both_modes import modes_lines
from regtui.ui.keys import bindings
from regtui.ui.screens.look import Look, LookScreen
from regtui.ui.text import Line
from regtui.ui.view import View


class ModesView(Look):
    """The comparison."""

    BINDINGS = bindings("modes")
    kind: ClassVar[ProbeKind] = "modes"

    def lines(self) -> list[Line]:
        return modes_lines(self.answer, self.room) if isinstance(self.answer, Modes) else []


class ModesScreen(LookScreen):
    """The usual keys close it."""

    BINDINGS = [Binding("t", "dismiss", "close", show=False)]

    def __init__(self, view: View) -> None:
        rows = ModesView(view, id="modes-rows")
        hinted = ("space other masks", "T the run's mode")
        super().__init__(view, rows, id="modes", title="train() against eval()", hinted=hinted)
