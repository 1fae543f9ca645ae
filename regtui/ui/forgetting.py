"""What a closed screen had drawn is forgotten.

Textual 8.2.8 remembers two styles for each pair of colours by an `lru_cache` on a method. Its keys hold the cache of
rows that the method belongs to: the rows of up to 1,024 widgets that are long gone, every one of which the search for
garbage looks through again.
"""

from __future__ import annotations

from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style


def forget_rows_of_closed_screens() -> None:
    """Remember the styles by their colours alone, which is all that they depend on."""
    StylesCache.get_inner_outer = _inner_outer  # type: ignore[method-assign,assignment]


def _inner_outer(_: StylesCache, base_background: Color, background: Color) -> tuple[Style, Style]:
    return _styles(base_background, background)


@lru_cache(maxsize=1024)
def _styles(base_background: Color, background: Color) -> tuple[Style, Style]:
    """The style of what is inside of a widget's border, and of what is outside."""
    return Style(background=base_background + background), Style(background=base_background)
