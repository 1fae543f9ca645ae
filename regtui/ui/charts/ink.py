"""Colours and styles: hex in, what the terminal can show out.

What comes out are always RGB colours; where there are few colours, those of the terminal's table. Textual turns
any other kind of colour into RGB, and Rich, which looks up the nearest one of the table, then finds the same again.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from regtui.ui.charts.model import Colors, Look

DIM_SHARE = 0.75
"""How much of its colour a dim curve keeps over the background: at least 3 : 1 against it, as WCAG 2.2 (1.4.11) asks of
lines, but clearly beneath the others."""

_RGB = tuple[int, int, int]
_CUBE = (0, 95, 135, 175, 215, 255)
"""Levels of red, green and blue in the table of 256 colours."""
_GRAYS: tuple[_RGB, ...] = tuple((8 + 10 * i, 8 + 10 * i, 8 + 10 * i) for i in range(24))
_HUES = ((0.07, "red"), (0.21, "yellow"), (0.44, "green"), (0.56, "cyan"), (0.70, "blue"), (0.92, "magenta"))
"""Up to where on the colour circle a hue has its name."""
_SIXTEEN: dict[str, tuple[_RGB, _RGB]] = {
    "red": ((170, 0, 0), (255, 85, 85)),
    "yellow": ((170, 85, 0), (255, 255, 85)),
    "green": ((0, 170, 0), (85, 255, 85)),
    "cyan": ((0, 170, 170), (85, 255, 255)),
    "blue": ((0, 0, 170), (85, 85, 255)),
    "magenta": ((170, 0, 170), (255, 85, 255)),
}
"""The dark and the bright colours, as Rich has them in its table."""
_SIXTEEN_GRAYS = ((0.2, (0, 0, 0)), (0.55, (85, 85, 85)), (0.85, (170, 170, 170)), (2.0, (255, 255, 255)))


@dataclass(frozen=True, slots=True)
class Ink:
    """The colour of what stands in a cell."""

    color: str
    faint: bool = False
    """Dimmed by the terminal where it has too few colours to show a fainter one."""


def curve_ink(color: str, dim: bool, look: Look) -> Ink:
    if dim and look.colors in ("true", "256"):
        return Ink(blend(look.palette.background, color, DIM_SHARE))
    return Ink(color, faint=dim)


@lru_cache(maxsize=1024)
def blend(background: str, color: str, share: float) -> str:
    """`share` of the colour over the background, as hex."""
    parts = zip(_rgb(background), _rgb(color), strict=True)
    return "#" + "".join(f"{round(under + (over - under) * share):02x}" for under, over in parts)


@lru_cache(maxsize=4096)
def style(ink: Ink | None, background: str | None, colors: Colors) -> Style:
    """The style of a cell in the colours of the terminal."""
    faint = ink is not None and ink.faint and colors in ("16", "none")
    if colors == "none":
        return Style(dim=True) if faint else Style.null()
    return Style(
        color=_nearest(ink.color, colors) if ink else None,
        bgcolor=_nearest(background, colors) if background else None,
        dim=True if faint else None,
    )


def _nearest(color: str, colors: Colors) -> Color:
    rgb = _rgb(color)
    if colors == "256":
        cube = (_cube_level(rgb[0]), _cube_level(rgb[1]), _cube_level(rgb[2]))
        rgb = min((cube, *_GRAYS), key=lambda known: sum((a - b) ** 2 for a, b in zip(known, rgb, strict=True)))
    elif colors == "16":
        rgb = _of_sixteen(rgb)
    return Color.from_rgb(*rgb)


def _cube_level(value: int) -> int:
    return min(_CUBE, key=lambda level: abs(level - value))


def _of_sixteen(rgb: _RGB) -> _RGB:
    """One of the sixteen by its hue: what Rich takes for the nearest of most soft colours is a gray."""
    hue, light, _ = colorsys.rgb_to_hls(*(part / 255 for part in rgb))
    if max(rgb) - min(rgb) < 60:
        return next(gray for limit, gray in _SIXTEEN_GRAYS if light < limit)
    name = next((name for limit, name in _HUES if hue < limit), "red")
    return _SIXTEEN[name][light > 0.5]


def _rgb(color: str) -> _RGB:
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    try:
        if len(digits) != 6:
            raise ValueError
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    except ValueError:
        raise ValueError(f"a colour is hex such as '#7aa2f7', not {color!r}") from None
