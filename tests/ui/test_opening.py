"""The first picture: early, where the explorer then shows the same, and gone when there is no explorer after all."""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from rich.console import Console

from regtui.scenario import find, load
from regtui.ui import opening
from regtui.ui.charts import DARK as DARK_CHART
from regtui.ui.charts import LIGHT as LIGHT_CHART
from regtui.ui.shades import DARK, LIGHT
from regtui.ui.text import plain, width

SIZES = [(80, 24), (120, 30), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_explorer_shows_the_same_in_the_same_place(
    size: tuple[int, int], explore: Callable[..., object]
) -> None:
    scenario = load(find("overfitting/ladder"))
    picture = opening.pieces(scenario, *size)
    async with explore(size, hello=False, scenario=scenario) as user:
        await user.sees("Press space")
        rows = user.text.split("\n")
    for x, y, line in picture:
        shown = rows[y][x : x + width(line)]
        assert shown == plain(line) if "Stack" not in plain(line) else shown.startswith("─ Stack "), f"row {y}"
    assert scenario.question.split()[0] in "".join(plain(line) for _, _, line in picture)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_reaches_beyond_the_edges(size: tuple[int, int]) -> None:
    columns, rows = size
    for x, y, line in opening.pieces(load(find("overfitting/ladder")), columns, rows):
        assert 0 <= y < rows and x >= 0 and x + width(line) <= columns


def test_it_needs_neither_textual_nor_charts_nor_workers() -> None:
    code = (
        "from regtui.scenario import find, load\nfrom regtui.ui.opening import opening, pieces\n"
        "with opening(load(find('ladder'))): pass\n"
        "import sys\nprint(*sorted(sys.modules))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
                          env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"})  # fmt: skip
    loaded = set(made.stdout.split())
    assert not loaded & {
        "textual",
        "plotext",
        "asyncio",
        "torch",
        "regtui.runner",
        "regtui.session",
        "regtui.ui.charts",
    }
    assert "Which of the three techniques" in made.stderr


def test_the_explorer_itself_loads_no_plotext_and_nothing_that_draws_charts() -> None:
    code = "import regtui.ui.app, sys\nprint(*sorted(sys.modules))"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(made.stdout.split()) & {"plotext", "regtui.ui.charts.drawing", "regtui.ui.charts.raster"}


def test_what_goes_wrong_afterwards_is_told_on_the_screen_that_was_there_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", written)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt), opening.opening(load(find("ladder"))):
        assert written.getvalue().count("\x1b[?1049h") == 1
        raise KeyboardInterrupt
    assert written.getvalue().endswith("\x1b[?1049l\x1b[?25h")
    assert gc.isenabled()


@pytest.mark.parametrize("environ", [{"COLUMNS": "79"}, {"LINES": "20"}, {"TERM": "dumb"}, {"TEXTUAL_DRIVER": "a:B"}])
def test_where_it_has_no_place_nothing_is_written(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", written)
    for name, value in ({"COLUMNS": "100", "LINES": "30", "TERM": "xterm"} | environ).items():
        monkeypatch.setenv(name, value)
    with opening.opening(load(find("ladder"))):
        pass
    gc.enable()
    assert written.getvalue() == ""


def test_colours_are_those_of_the_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="256", width=80, height=24)
    picture = opening.drawn(console, opening.pieces(load(find("ladder")), 80, 24), LIGHT)
    assert "38;5;" in picture and "38;2;" not in picture


def test_the_ground_of_charts_is_that_of_the_theme() -> None:
    assert (DARK.background, LIGHT.background) == (DARK_CHART.background, LIGHT_CHART.background)
