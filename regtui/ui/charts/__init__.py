"""Charts of curves in braille or ASCII: values in, strips of a terminal out, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regtui.ui.charts.growth import Extent, with_steady_axes
from regtui.ui.charts.model import (
    DARK,
    GLYPHS,
    LIGHT,
    RING,
    Area,
    Charset,
    Chart,
    Colors,
    Limits,
    Look,
    Mark,
    Palette,
    Series,
    Stroke,
)
from regtui.ui.charts.pointing import x_at
from regtui.ui.charts.scale import grown_limits

if TYPE_CHECKING:
    from textual.strip import Strip

__all__ = [
    "DARK",
    "GLYPHS",
    "LIGHT",
    "RING",
    "Area",
    "Charset",
    "Chart",
    "Colors",
    "Extent",
    "Limits",
    "Look",
    "Mark",
    "Palette",
    "Series",
    "Stroke",
    "category_at",
    "draw",
    "grown_limits",
    "with_steady_axes",
    "x_at",
]


def draw(chart: Chart, width: int, height: int, look: Look | None = None) -> list[Strip]:
    """Draw a chart into exactly `height` strips of `width` cells.

    What draws is imported with the first chart: charts are drawn beside the first picture, and must not delay it.
    """
    from regtui.ui.charts import drawing

    return drawing.draw(chart, width, height, look)


def category_at(chart: Chart, width: int, height: int, column: int, charset: Charset) -> int | None:
    """The category whose place is nearest to a column of a chart that is drawn into these cells; None beside them."""
    from regtui.ui.charts import drawing

    return drawing.category_at(chart, width, height, column, charset)
