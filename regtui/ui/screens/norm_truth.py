"""BatchNorm of the selected arm laid open: running, batch and whole-set statistics, and what recalibration does."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding

from regtui.commands import ProbeKind
from regtui.events import Answer, NormTruth, Recalibrated
from regtui.scenario import Arm
from regtui.ui.keys import bindings
from regtui.ui.norm_truth import layer_of, recalibrated_lines, truth_lines
from regtui.ui.screens.look import Look, LookScreen
from regtui.ui.text import MUTED, Line, line
from regtui.ui.view import View


def has_batchnorm(arm: Arm) -> bool:
    """Whether there is a BatchNorm to lay open."""
    return any(entry.name == "batchnorm" for entry in arm.stack)


class NormTruthView(Look):
    """The layers, and the channels of one of them: the layer that the chart of norms shows, too."""

    BINDINGS = bindings("truth")
    kind: ClassVar[ProbeKind] = "norms"
    follows = True

    def __init__(self, view: View) -> None:
        super().__init__(view, id="truth-rows")
        self._recalibrated: Recalibrated | None = None

    def on_click(self, event: events.Click) -> None:
        event.stop()
        at = event.get_content_offset(self)
        if at is not None and isinstance(self.answer, NormTruth):
            layer = layer_of(self._line(self.row_at(at.y)), self.answer)
            self.action_choose(layer - self._chosen if layer is not None else 0)

    def keep(self, kind: ProbeKind, answer: Answer) -> None:
        super().keep(kind, answer)
        if isinstance(answer, Recalibrated):
            self._recalibrated = answer

    def lines(self) -> list[Line]:
        if not isinstance(self.answer, NormTruth):
            return []
        mode = self.run.mode if self.run is not None else "train"
        rows = truth_lines(self.answer, self._chosen, self.room, mode=mode)
        if self.is_waiting("recalibrated"):
            return [line(("recalibrating a copy…", MUTED)), *rows]
        return [*recalibrated_lines(self._recalibrated, self.room), *rows]

    def action_choose(self, by: int) -> None:
        """Another layer."""
        self._view.layer += by
        self.show_view()

    def action_recalibrate(self) -> None:
        """Measure what statistics that are measured anew do."""
        self.ask("recalibrated")

    @property
    def _chosen(self) -> int:
        layers = self.answer.layers if isinstance(self.answer, NormTruth) else []
        return self._view.layer % max(len(layers), 1)


class NormTruthScreen(LookScreen):
    """The usual keys close it."""

    BINDINGS = [Binding("b", "dismiss", "close", show=False)]

    def __init__(self, view: View) -> None:
        hinted = ("c recalibrates", "l layer", "space other batch")
        super().__init__(view, NormTruthView(view), id="truth", title="BatchNorm laid open", hinted=hinted)
