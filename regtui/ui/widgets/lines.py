"""A widget of lines that sends only those which changed.

A widget that renders one text sends all of it again at every update; over SSH that is most of the traffic.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from regtui.ui.text import EMPTY, Line

TO_BOTH_ENDS: list[BindingType] = [
    Binding("g", "scroll_home", show=False),
    Binding("G,shift+g", "scroll_end", show=False),
]
"""vi's, for a page that is alone on the screen; elsewhere g is taken."""


class Lines(ScrollView):
    """Shows lines; scrolls up and down where there are more than fit, with vi keys too."""

    BINDINGS = [Binding("j", "scroll_down", show=False), Binding("k", "scroll_up", show=False)]
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Lines { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._looks: dict[tuple[Style, str], RichStyle] = {}
        """By the style of the widget and that of a fragment."""
        self._is_laid_out = False
        """Whether its size was told: lines that were made before were folded for no room at all."""

    @property
    def room(self) -> int:
        """Cells a line may take: one less than there are beside a scroll bar, which no text is to touch."""
        has_bar = self.show_vertical_scrollbar or self.styles.scrollbar_gutter == "stable"
        return max(self.scrollable_content_region.width - has_bar, 0)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead of the present ones."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self._scroll_over(len(self._lines))
        shown = range(max(len(before), len(self._lines)))
        for y in shown:
            if self._line(y) != (before[y] if y < len(before) else EMPTY):
                self._strips.pop(y, None)
                self.refresh_line(y)

    def _scroll_over(self, rows: int) -> None:
        """So many rows from now on. Only where the widget is as high as they are, or its scroll bar comes or goes,
        must the screen be laid out for that, which takes as long as drawing a chart."""
        has_bar = self.show_vertical_scrollbar
        if self.styles.is_auto_height or has_bar != (rows > self.container_size.height):
            self.virtual_size = Size(0, rows)
            return
        self.set_reactive(Lines.virtual_size, Size(0, rows))
        if has_bar:
            self.vertical_scrollbar.window_virtual_size = rows
        if self.scroll_y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False)

    def watch_show_vertical_scrollbar(self) -> None:
        """Have lines that were folded for the room without a scroll bar folded for the room beside it."""
        if self._is_laid_out and self.styles.scrollbar_gutter != "stable":
            self.call_after_refresh(
                lambda: self.post_message(events.Resize(self.size, self.virtual_size, self.container_size))
            )

    def action_scroll_home(self) -> None:
        """To the first line at once: Textual glides there for a second, and every frame of it goes over the line."""
        if not self.allow_vertical_scroll:
            raise SkipAction
        self.scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        """To the last line, at once as well."""
        if not self.allow_vertical_scroll:
            raise SkipAction
        self.scroll_end(animate=False)

    def row_at(self, y: int) -> int:
        """Index of the line at a row of the content area."""
        return y + self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if not self._is_laid_out:
            return Strip.blank(self.size.width, self._look(self.visual_style, ""))
        strip = self._strips.get(number)
        if strip is None or strip.cell_length != width:
            ground = self.visual_style
            segments = [Segment(text, self._look(ground, style)) for text, style in self._line(number)]
            self._strips[number] = strip = Strip(segments).adjust_cell_length(width, self._look(ground, ""))
        return strip

    def _look(self, ground: Style, style: str) -> RichStyle:
        """A fragment's style; there are few, and to read one takes longer than to draw its line."""
        look = self._looks.get((ground, style))
        if look is None:
            self._looks[ground, style] = look = (ground + Style.parse(style)).rich_style
        return look

    def _on_resize(self) -> None:
        """Comes after the `on_resize` of a subclass, which makes its lines anew."""
        if not self._is_laid_out:
            self._is_laid_out = True
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
        self._looks.clear()

    def _line(self, number: int) -> Line:
        return self._lines[number] if number < len(self._lines) else EMPTY
