"""Our own dark and light theme, and the chart colours that go with any theme."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

from regtui.ui import shades
from regtui.ui.charts import DARK as DARK_CHART
from regtui.ui.charts import LIGHT as LIGHT_CHART
from regtui.ui.charts import Palette
from regtui.ui.shades import Shades


def _theme(name: str, of: Shades, *, dark: bool) -> Theme:
    return Theme(
        name, primary=of.primary, secondary=of.secondary, accent=of.accent, success=of.success,
        warning=of.warning, error=of.error, foreground=of.foreground, background=of.background,
        surface=of.surface, panel=of.panel, dark=dark,
        variables={"faint": of.faint, "text-muted": of.text_muted, "cursor": of.cursor, "rule": of.rule,
                   "border-blurred": of.rule, "scrollbar": of.thumb, "scrollbar-background": of.background},
    )  # fmt: skip


DARK = _theme("regtui-dark", shades.DARK, dark=True)
LIGHT = _theme("regtui-light", shades.LIGHT, dark=False)
OURS = {True: DARK.name, False: LIGHT.name}
"""By darkness."""


def chart_palette(theme: Theme, variables: dict[str, str]) -> Palette:
    """Chart colours: our own for our themes, mixed from the theme's variables for all others."""
    if theme.name in OURS.values():
        return DARK_CHART if theme.dark else LIGHT_CHART
    fallback = DARK_CHART if theme.dark else LIGHT_CHART
    background = _hex(variables.get("background", ""), fallback.background)
    text = _hex(variables.get("foreground", ""), fallback.text)
    return Palette(background=background, text=text, muted=fallback.muted, faint=fallback.faint)


def ours_in(theme: Theme) -> dict[str, str]:
    """The greys and the marked row of our styles, hex by name, in a theme that is not ours and lacks them."""
    if theme.name in OURS.values():
        return {}
    like = shades.DARK if theme.dark else shades.LIGHT
    ground, text = _hex(theme.background or "", like.background), _hex(theme.foreground or "", like.foreground)
    shares = {"faint": (text, 0.65), "text-muted": (text, 0.85), "rule": (text, 0.25),
              "cursor": (_hex(theme.primary, like.primary), 0.25)}  # fmt: skip
    return {name: Color.parse(ground).blend(Color.parse(of), share).hex for name, (of, share) in shares.items()}


def _hex(value: str, fallback: str) -> str:
    return value[:7].lower() if value.startswith("#") and len(value) in (7, 9) else fallback
