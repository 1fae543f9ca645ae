"""What a chart is made of: frozen values that say what to draw, and nothing about how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Charset = Literal["braille", "ascii"]
Colors = Literal["true", "256", "16", "none"]
Stroke = Literal["solid", "dashed", "dotted", "●", "▲", "■", "◆", "▼", "★", "○"]
Limits = tuple[float, float]

GLYPHS: tuple[Stroke, ...] = ("●", "▲", "■", "◆", "▼", "★")
"""The strokes that are a line with the sign of an arm on it; an arm keeps its sign wherever it is named."""

RING: Stroke = "○"
"""A line with a sign that no arm has."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve."""

    name: str
    """Written at the end of the curve where there is room."""
    x: Sequence[float]
    y: Sequence[float]
    """As long as `x`; NaN and infinities are gaps in the curve."""
    color: str
    """Hex, such as "#7aa2f7"."""
    stroke: Stroke = "solid"
    """Tells the curve from others where colours cannot."""
    dim: bool = False
    """Subordinate to the other curves: fainter, and beneath them."""
    label_end: bool = True
    """Whether the name is written at the end of the curve."""
    spare: bool = False
    """Left out where there are few rows: more curves than can be told apart say less than some of them."""


@dataclass(frozen=True, slots=True)
class Area:
    """A shaded band: the spread over seeds, or the gap between two curves."""

    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    """`low` and `high` are as long as `x`; where they cross, the shading goes on."""
    color: str
    """Hex; it is mixed into the background, so give the colour of the curve it belongs to."""
    quiet: bool = False
    """Half as strong: beside another area that the chart is about."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line: something was changed at `x`."""

    x: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that one chart shows."""

    series: Sequence[Series] = ()
    """Later ones lie on top; dim ones lie beneath all others."""
    areas: Sequence[Area] = ()
    marks: Sequence[Mark] = ()
    x_label: str = ""
    """At the right end of the x axis, such as "epoch"."""
    y_label: str = ""
    """In the upper left corner; leave it empty where the title of the pane says it."""
    x_limits: Limits | None = None
    """What the x axis shows; None: all data."""
    y_limits: Limits | None = None
    """What the y axis shows at least (it ends on a whole row); None: all data."""
    log_y: bool = False
    """Values that are not above 0 are gaps."""
    y_unit: str = ""
    """Written after the topmost number of the y axis, such as "%"."""
    x_ticks: Sequence[tuple[float, str]] | None = None
    """Places and texts on the x axis where x is not what they say, such as logarithms; None: round numbers."""
    categories: Sequence[str] | None = None
    """Names for x = 0, 1, 2 ... such as layers."""
    empty_text: str = ""
    """Shown where there is no point to draw."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of everything that is not data, as hex."""

    background: str = "#1a1b26"
    """What faint things are mixed with; it is not painted itself."""
    text: str = "#c0caf5"
    """The texts of marks."""
    muted: str = "#7f87b0"
    """Numbers and names of the axes."""
    faint: str = "#3b3f58"
    """The baseline and the lines at the numbers."""


DARK = Palette()
LIGHT = Palette(background="#f4f4f6", text="#2e3440", muted="#697082", faint="#cdd0d8")


@dataclass(frozen=True, slots=True)
class Look:
    """How the terminal and the theme want a chart to be drawn."""

    charset: Charset = "braille"
    colors: Colors = "true"
    palette: Palette = field(default_factory=Palette)
