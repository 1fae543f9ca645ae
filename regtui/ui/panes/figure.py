"""A chart pane: the figure's title on the rule, the chart below; drawn again only if something changed."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from regtui.ui.charts import Look
from regtui.ui.figures import Figure
from regtui.ui.keys import bindings
from regtui.ui.messages import ActionPicked, LayerPicked
from regtui.ui.panes.pane import Pane
from regtui.ui.view import View
from regtui.ui.widgets.chart_view import ChartView


class FigurePane(Pane):
    """One of the four charts."""

    BINDINGS = bindings("charts")

    def __init__(self, number: int, name: str, figure: Callable[[View], Figure], view: View) -> None:
        self._chart = ChartView()
        super().__init__([self._chart], id=name, can_focus=True)
        self.number = number
        self._figure, self._view = figure, view
        self._drawn: tuple[object, ...] | None = None
        self._picks: tuple[str, ...] | None = None

    def show_view(self) -> None:
        """Follow the view, if there is anything new and the pane can be seen."""
        if not self.display or not self.is_attached or not self.size.width:
            return
        figure = self._figure(self._view)
        if figure.version == self._drawn:
            return
        self._drawn, self._picks = figure.version, figure.picks
        self.set_title(figure.title)
        self._chart.show(figure.chart, subject=figure.subject)

    def set_look(self, look: Look) -> None:
        """Colours and signs of another theme."""
        self._chart.look = look
        self._drawn = None
        self.show_view()

    def on_resize(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        """On the title: this chart alone, and back; on a layer of the chart: that layer."""
        if event.screen_y == self.region.y:
            self.action_enlarge()
            return
        if self._picks is None:
            return
        offset = event.get_content_offset(self._chart)
        column = self._chart.category_at(offset.x) if offset is not None else None
        if offset is not None and not self._picks:
            self.post_message(LayerPicked(""))
        elif column is not None and column < len(self._picks):
            self.post_message(LayerPicked(self._picks[column]))

    def action_enlarge(self) -> None:
        """This chart alone, or all of them again."""
        self.post_message(ActionPicked(f"screen.show({self.number})"))
