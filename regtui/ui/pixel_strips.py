"""The pictures of a preview as the terminal draws them: one strip before, one after, over the cells left free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.widget import Widget

from regtui.preview import Picture
from regtui.ui.previews import Grid
from regtui.ui.real_pixels import INSTALL, USUAL_CELL, Cell, cell_size, picture_widget, protocol, strip


class PixelStrips:
    """Two widgets that lie over the lines of a preview."""

    def __init__(self, make: Callable[[], Any], cell: Cell, background: str) -> None:
        """`make` makes a widget that shows its `image`; the background is #rrggbb."""
        self.cell = cell
        self.widgets: tuple[Widget, Widget] = (make(), make())
        self.background = background
        """Of what is drawn next."""
        self._shown: list[tuple[Picture, ...]] = [(), ()]
        self._place: tuple[int, int, int, str] = (0, 0, 0, "")
        for widget in self.widgets:
            widget.styles.position = "absolute"
            widget.display = False

    def show(self, grid: Grid | None, y: int) -> None:
        """Draw the pictures of a layout from row `y` on; None: there are none to draw."""
        for widget in self.widgets:
            widget.display = grid is not None
        if grid is None:
            return
        place = (grid.side, grid.rows, y, self.background)
        columns = len(grid.shown) * (grid.side + 1) - 1
        strips = (
            tuple(one.before for _, one in grid.shown if one.before is not None),
            tuple(one.after for _, one in grid.shown if one.after is not None),
        )
        for at, (widget, pictures) in enumerate(zip(self.widgets, strips, strict=True)):
            if self._shown[at] == pictures and place == self._place:
                continue
            widget.styles.offset = (0, y + at * (grid.rows + 1))
            widget.styles.width, widget.styles.height = columns, grid.rows
            widget.image = strip(pictures, grid.side, grid.rows, self.cell, self.background)  # type: ignore[attr-defined]
            self._shown[at] = pictures
        self._place = place

    def forget(self) -> None:
        """Have the terminal free what it keeps."""
        for widget in self.widgets:
            widget.image = None  # type: ignore[attr-defined]


def pixel_strips(background: str) -> tuple[PixelStrips | None, str]:
    """Strips where this terminal and this installation can draw them, else what is missing, "" for nothing."""
    chosen = protocol()
    if chosen is None:
        return None, ""
    cell = cell_size()
    if cell is None and chosen == "sixel":
        return None, ""  # a Sixel picture is as large as its pixels, so without the size of a cell it would cover text
    make = picture_widget(chosen, cell or USUAL_CELL)
    if make is None:
        return None, INSTALL
    return PixelStrips(make, cell or USUAL_CELL, background), ""
