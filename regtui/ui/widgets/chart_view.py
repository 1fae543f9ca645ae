"""A chart on the screen: drawn in a thread, and only the parts of rows that changed are sent to the terminal."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from rich.cells import cell_len
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from regtui.ui.charts import Chart, Extent, Look, category_at, draw, with_steady_axes, x_at

_drawer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")
"""One thread for all charts: the screen answers keys while it draws, and two would only take turns."""


class ChartView(Widget):
    """Shows a chart in all of its content area, without a frame of its own.

    Limits that the chart leaves open grow with the data and never shrink, until `subject` changes.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ChartView { width: 1fr; height: 1fr; }
    """

    chart: reactive[Chart] = reactive(Chart, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look, repaint=False)
    """Colours and characters; the background of the palette should be that of the widget."""
    subject: reactive[object] = reactive(None, repaint=False)
    """What the chart is about, such as the scenario and the metric: its axes start afresh when this changes."""

    def __init__(
        self,
        chart: Chart | None = None,
        look: Look | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._extent = Extent()
        self._is_stale = True
        self._is_drawing = False
        if chart is not None:
            self.set_reactive(ChartView.chart, chart)
        if look is not None:
            self.set_reactive(ChartView.look, look)

    @property
    def is_settled(self) -> bool:
        """Whether what the screen shows is the present chart in the present size."""
        return not self._is_stale and not self._is_drawing

    def show(self, chart: Chart, look: Look | None = None, subject: object = None) -> None:
        """Show a chart; the same as setting the three reactives, but drawn once."""
        self.subject = subject
        if look is not None:
            self.look = look
        self.chart = chart

    def x_at(self, column: int) -> float | None:
        """Where on the x axis a column of the content area lies; None beside the curves."""
        steady, _ = with_steady_axes(self.chart, self._extent)
        return x_at(steady, self.size.width, self.size.height, column, self.look)

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        if y >= len(self._strips):
            return Strip.blank(self.size.width, style)
        return self._strips[y].apply_style(style)

    def category_at(self, column: int) -> int | None:
        """The category that is drawn in this column of the widget, or next to it; None where there is none."""
        steady, _ = with_steady_axes(self.chart, self._extent)
        return category_at(steady, self.size.width, self.size.height, column, self.look.charset)

    def on_mount(self) -> None:
        self.app.screen_change_signal.subscribe(self, lambda _: self._redraw_if_stale())

    def on_show(self) -> None:
        self._redraw_if_stale()

    def on_resize(self) -> None:
        self._redraw()

    def watch_chart(self) -> None:
        self._redraw()

    def watch_look(self) -> None:
        self._redraw()

    def watch_subject(self) -> None:
        self._extent = Extent()
        self._redraw()

    def _redraw(self) -> None:
        """Draw soon if anyone can see it, else when it is seen again; what changes meanwhile is drawn once."""
        self._is_stale = True
        self._redraw_if_stale()

    def _redraw_if_stale(self) -> None:
        if self._is_stale and not self._is_drawing and self._is_in_sight:
            self._is_drawing = True
            self.run_worker(self._draw_until_fresh(), group="chart", exit_on_error=True)

    @property
    def _is_in_sight(self) -> bool:
        if not (self.is_attached and self.size and self.is_on_screen):
            return False
        stack = self.app.screen_stack
        if self.screen not in stack:
            return False
        above = stack[stack.index(self.screen) + 1 :]
        return all(screen.styles.background.a < 1 for screen in above)

    async def _draw_until_fresh(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._is_stale and self._is_in_sight:
                self._is_stale = False
                asked = (self.chart, self.look, self.size, self._extent)
                strips, extent = await loop.run_in_executor(_drawer, _build, *asked)
                if self._extent is asked[3]:  # else the subject changed meanwhile
                    self._extent = extent
                self._replace(strips)
        finally:
            self._is_drawing = False

    def _replace(self, strips: list[Strip]) -> None:
        """Take over new strips and refresh the parts of rows in which they differ from those on the screen."""
        before, self._strips = self._strips, strips
        known = before if len(before) == len(strips) else [Strip.blank(0)] * len(strips)
        pairs = enumerate(zip(known, strips, strict=True))
        changed = [changed_part(old, new, y) for y, (old, new) in pairs if old != new]
        if changed:
            self.refresh(*changed)


def changed_part(before: Strip, after: Strip, y: int) -> Region:
    """The cells of row `y` from the first to the last one that differs: as curves grow, mostly the right end."""
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        return Region(0, y, len(new), 1)
    differing = [x for x, (a, b) in enumerate(zip(old, new, strict=True)) if a != b] or [0]
    return Region(differing[0], y, differing[-1] + 1 - differing[0], 1)


def _cells(strip: Strip) -> list[tuple[str, object]]:
    """What stands in each cell and how it looks; of a blank that is its background alone."""
    cells: list[tuple[str, object]] = []
    for text, style, _ in strip:
        for character in text:
            look = style if character != " " or style is None else style.bgcolor
            cells += [(character, look)] * cell_len(character)
    return cells


def _build(chart: Chart, look: Look, size: Size, extent: Extent) -> tuple[list[Strip], Extent]:
    steady, extent = with_steady_axes(chart, extent)
    return draw(steady, size.width, size.height, look), extent
