"""Texts can be read on the ground of their theme, on a projector too; a theme is changed on every screen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual.color import Color
from ui_streams import stream

sys.path.insert(0, str(Path(__file__).parents[1] / "sweep"))

from sweep_folders import write_folder

from regtui.scenario import run_spec
from regtui.store import Recorder
from regtui.ui import themes
from regtui.ui.charts import DARK as DARK_CHART
from regtui.ui.charts import LIGHT as LIGHT_CHART
from regtui.ui.charts.ink import DIM_SHARE, blend
from regtui.ui.palette import ArmLook, neutral
from regtui.ui.screens.compare import CompareScreen
from regtui.ui.screens.sweep import SweepScreen
from regtui.ui.screens.watch import WatchScreen
from regtui.ui.shades import DARK, LIGHT, Shades

BOTH = pytest.mark.parametrize("shades", [DARK, LIGHT], ids=["dark", "light"])


@BOTH
def test_texts_stand_out_from_their_ground(shades: Shades) -> None:
    grounds = (shades.background, shades.surface, shades.panel, shades.cursor)
    for name in ("primary", "accent", "success", "warning", "error", "foreground", "text_muted"):
        for ground in grounds:
            assert contrast(getattr(shades, name), ground) >= 4.45, f"{name} on {ground}"
    assert contrast(shades.faint, shades.background) >= 4.5
    assert contrast(shades.faint, shades.panel) >= 3.8
    assert contrast(shades.thumb, shades.background) >= 3 > contrast(shades.rule, shades.background)


@BOTH
def test_charts_stand_out_from_their_ground(shades: Shades) -> None:
    dark = shades is DARK
    chart = DARK_CHART if dark else LIGHT_CHART
    assert contrast(chart.muted, chart.background) >= 4.5, "numbers of the axes"
    for number in range(8):
        hue = ArmLook(number).color(dark)
        assert contrast(hue, shades.background) >= 4.5 and contrast(hue, shades.cursor) >= 3
        assert contrast(blend(shades.background, hue, DIM_SHARE), shades.background) >= 3, "the line of a dim curve"
    assert contrast(neutral(dark), shades.background) >= 4.5


def contrast(text: str, ground: str) -> float:
    """The ratio of WCAG 2.2, 1.4.3: 4.5 is asked for texts, 3 for large ones and for lines."""
    bright, dim = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(color: str) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in Color.parse(color).normalized
    ]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def colors(user) -> set[str]:
    """All that are on the screen, #rrggbb."""
    styles = [style for strip in user.app.screen._compositor.render_strips() for _, style, _ in strip if style]
    found = [color for style in styles for color in (style.color, style.bgcolor) if color is not None]
    return {color.get_truecolor().hex for color in found}


ON_DARK = {DARK.background, DARK.faint, *(ArmLook(i).color(True) for i in range(3))}
ON_LIGHT = {LIGHT.background, ArmLook(1).color(False)}
SCREENS = {"w": WatchScreen, "c": CompareScreen, "sweep": SweepScreen}


@pytest.mark.parametrize("way", SCREENS)
async def test_a_screen_over_the_explorer_changes_its_theme_to_the_last_cell(
    explore, ladder, tmp_path: Path, way: str
) -> None:
    recorder = Recorder(tmp_path / "runs")
    for arm in ladder.arms:
        spec = run_spec(ladder.id, arm, 0)
        run = f"20260102-030405-{arm.name[-6:].lower()}"
        recorder.open(run, spec)
        for event in stream(run, spec):
            recorder.append(event)
    async with explore(recorder=recorder) as user:
        if way == "sweep":
            user.app.watch_sweep(write_folder(tmp_path, trials=5).path)
        else:
            await user.press(way)
        if way == "w":
            await user.sees("2026-01-02 03:04")
            await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, SCREENS[way]) and ArmLook(1).color(True) in colors(user))
        await user.press("d")
        await user.until(lambda: colors(user) >= ON_LIGHT and not colors(user) & ON_DARK, "a light screen")
        assert isinstance(user.app.screen, SCREENS[way]) and user.app.theme == themes.LIGHT.name
        await user.press("ctrl+p")
        await user.sees("Search for commands")
        assert "Run/pause" not in user.text, "it would run behind the screen"
        await user.press(*"theme")
        await user.sees("Change the current theme")
        await user.press("escape")
        user.app.theme = "nord"
        await user.until(lambda: LIGHT.background not in colors(user) and ArmLook(1).color(True) in colors(user))


async def test_a_line_that_is_typed_into_keeps_its_d(explore, tmp_path: Path) -> None:
    async with explore(recorder=Recorder(tmp_path)) as user:
        await user.press("c", "slash", "d")
        assert user.app.theme == themes.DARK.name and user.app.screen._filter.value == "d"
        await user.press("escape", "d")
        assert user.app.theme == themes.LIGHT.name
