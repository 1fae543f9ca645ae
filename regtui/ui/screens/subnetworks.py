"""Sub-networks of the selected arm, live: asked again at every evaluation point of a run that trains."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding

from regtui.commands import ProbeKind
from regtui.events import Answer, Subnetworks
from regtui.scenario import Arm
from regtui.ui.keys import bindings
from regtui.ui.screens.look import Look, LookScreen
from regtui.ui.subnetworks import subnetworks_lines
from regtui.ui.text import Line
from regtui.ui.view import View

_BLANKING = ("dropout", "dropout2d", "dropblock", "stochastic_depth")


def has_subnetworks(arm: Arm) -> bool:
    """Whether something blanks units of it, or it is a bag of networks."""
    return arm.model.name == "bagged_cnn" or any(entry.name in _BLANKING for entry in arm.stack)


class SubnetworksView(Look):
    """Accuracy, spread and vote, and how they came to be since the look was opened."""

    BINDINGS = bindings("subnetworks")
    kind: ClassVar[ProbeKind] = "subnetworks"
    follows = True

    def __init__(self, view: View) -> None:
        super().__init__(view, id="subnetworks-rows")
        self._course: dict[int, Subnetworks] = {}
        """The answers by the step of their weights."""

    def keep(self, kind: ProbeKind, answer: Answer) -> None:
        super().keep(kind, answer)
        if isinstance(answer, Subnetworks) and not answer.trouble:
            self._course[answer.step] = answer

    def lines(self) -> list[Line]:
        if not isinstance(self.answer, Subnetworks):
            return []
        course = [self._course[step] for step in sorted(self._course)]
        return subnetworks_lines(self.answer, course, self.room)


class SubnetworksScreen(LookScreen):
    """The usual keys close it."""

    BINDINGS = [Binding("u", "dismiss", "close", show=False)]

    def __init__(self, view: View) -> None:
        hinted = ("space other masks",)
        super().__init__(view, SubnetworksView(view), id="subnetworks", title="Sub-networks", hinted=hinted)
