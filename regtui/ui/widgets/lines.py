"""A widget of lines that sends only those which changed.

A widget that renders one text sends all of it again at every update; over SSH that is most of the traffic.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from regtui.ui.text import EMPTY, Line


class Lines(ScrollView):
    """Shows lines; scrolls up and down where there are more than fit."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Lines { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}

    @property
    def room(self) -> int:
        """Cells a line may take."""
        return self.scrollable_content_region.width

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead of the present ones."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self.virtual_size = Size(0, len(self._lines))
        shown = range(max(len(before), len(self._lines)))
        for y in shown:
            if self._line(y) != (before[y] if y < len(before) else EMPTY):
                self._strips.pop(y, None)
                self.refresh_line(y)

    def row_at(self, y: int) -> int:
        """Index of the line at a row of the content area."""
        return y + self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        width = self.room
        strip = self._strips.get(number)
        if strip is None or strip.cell_length != width:
            content = Content.assemble(*self._line(number))
            strip = Visual.to_strips(self, content, max(width, 1), 1, self.visual_style, pad=True)[0]
            self._strips[number] = strip = strip.adjust_cell_length(width, self.rich_style)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def _line(self, number: int) -> Line:
        return self._lines[number] if number < len(self._lines) else EMPTY
