"""Our own dark and light theme, and the chart colours that go with any theme."""

from __future__ import annotations

from textual.theme import Theme

from regtui.ui.charts import DARK as DARK_CHART
from regtui.ui.charts import LIGHT as LIGHT_CHART
from regtui.ui.charts import Palette

DARK = Theme(
    name="regtui-dark",
    primary="#7aa2f7",
    secondary="#9aa5ce",
    accent="#e6a85c",
    success="#8fc97a",
    warning="#e0af68",
    error="#f0788a",
    foreground="#c8d0ef",
    background=DARK_CHART.background,
    surface="#1f2133",
    panel="#24273a",
    dark=True,
    variables={"faint": "#596089", "text-muted": "#8b93b5", "cursor": "#33395a", "border-blurred": "#3b3f58"},
)
LIGHT = Theme(
    name="regtui-light",
    primary="#2f5fc4",
    secondary="#4c5573",
    accent="#9a5a00",
    success="#2f7a1e",
    warning="#8a6100",
    error="#b3263c",
    foreground="#2e3440",
    background=LIGHT_CHART.background,
    surface="#ebecf0",
    panel="#e2e4ea",
    dark=False,
    variables={"faint": "#8f95a5", "text-muted": "#5d6474", "cursor": "#cdd7ee", "border-blurred": "#c3c7d1"},
)
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


def _hex(value: str, fallback: str) -> str:
    return value[:7].lower() if value.startswith("#") and len(value) in (7, 9) else fallback
