"""Charts of curves in braille or ASCII: values in, strips of a terminal out, no state."""

from regtui.ui.charts.drawing import category_at, draw
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
from regtui.ui.charts.scale import grown_limits

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
]
