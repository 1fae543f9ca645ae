"""The chart widget in a running app: it shows the present chart and sends no more than what changed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.strip import Strip

from regtui.ui.charts import LIGHT, Chart, Look, Series, draw, grown_limits
from regtui.ui.widgets import chart_view
from regtui.ui.widgets.chart_view import ChartView, changed_part

DEADLINE = 20.0
"""Seconds; far more than a chart takes on a busy machine."""


class Watched(ChartView):
    """A chart that notes which rows the screen asks for."""

    def __init__(self, chart: Chart | None = None) -> None:
        super().__init__(chart, Look())
        self.asked: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.asked.append(y)
        return super().render_line(y)

    @property
    def text(self) -> str:
        return "\n".join(ChartView.render_line(self, y).text for y in range(self.size.height))


class OneChart(App[None]):
    def __init__(self, chart: Chart | None = None) -> None:
        super().__init__()
        self.view = Watched(chart)

    def compose(self) -> ComposeResult:
        yield self.view


def curve(*values: float, epochs: int = 40) -> Chart:
    xs = list(range(len(values)))
    series = Series("baseline", xs, values, "#7aa2f7")
    return Chart([series], x_limits=(0, epochs), x_label="epoch", empty_text="press space")


async def wait_for(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "not in time"
        await pilot.pause(0.005)


async def settle(pilot: Pilot[None], view: ChartView) -> None:
    await wait_for(pilot, lambda: view.is_settled)
    await pilot.pause()


async def test_it_shows_the_chart_it_was_given_and_the_next_one() -> None:
    app = OneChart(curve())
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        assert "press space" in app.view.text
        app.view.show(curve(10, 40, 55, 60))
        await settle(pilot, app.view)
        assert "baseline" in app.view.text and "press space" not in app.view.text


async def test_what_the_screen_shows_is_what_was_drawn() -> None:
    app = OneChart()
    values = [100 - 90 * 0.9**epoch for epoch in range(40)]
    async with app.run_test(size=(70, 16)) as pilot:
        for count in (1, 2, 3, 10, 25, 40):
            app.view.show(replace(curve(*values[:count]), y_limits=(0, 100)))
            await settle(pilot, app.view)
            shown = ["".join(part.text for part in line) for line in app.screen._compositor.render_strips()]
            assert shown == [strip.text for strip in draw(app.view.chart, 70, 16)]


async def test_an_unchanged_chart_sends_nothing() -> None:
    app = OneChart(curve(10, 20, 30))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        app.view.asked.clear()
        app.view.show(curve(10, 20, 30))
        await settle(pilot, app.view)
        assert app.view.asked == []


async def test_a_new_point_sends_only_rows_that_changed() -> None:
    app = OneChart(replace(curve(10, 20, 30), y_limits=(0, 100)))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        before = app.view.text.split("\n")
        app.view.asked.clear()
        app.view.show(replace(curve(10, 20, 30, 31), y_limits=(0, 100)))
        await settle(pilot, app.view)
        asked, after = set(app.view.asked), app.view.text.split("\n")
        assert {y for y, (a, b) in enumerate(zip(before, after, strict=True)) if a != b} <= asked
        assert 1 <= len(asked) <= 4


async def test_many_changes_in_a_row_end_with_the_last_one() -> None:
    app = OneChart()
    async with app.run_test(size=(60, 15)) as pilot:
        for count in range(1, 40):
            app.view.show(curve(*[float(count)] * count))
        await settle(pilot, app.view)
        last = replace(curve(*[39.0] * 39), y_limits=grown_limits(None, (39, 39)))
        assert app.view.text == "\n".join(strip.text for strip in draw(last, 60, 15))


async def test_axes_grow_but_do_not_shrink_until_the_subject_changes() -> None:
    app = OneChart()
    async with app.run_test(size=(60, 15)) as pilot:
        app.view.show(curve(0, 900), subject="loss")
        await settle(pilot, app.view)
        assert "500" in app.view.text
        app.view.show(curve(0, 3), subject="loss")
        await settle(pilot, app.view)
        assert "500" in app.view.text
        app.view.show(curve(0, 3), subject="accuracy")
        await settle(pilot, app.view)
        assert "500" not in app.view.text and "3" in app.view.text


async def test_it_fills_the_new_size_after_a_resize() -> None:
    app = OneChart(curve(10, 20, 30))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        await pilot.resize_terminal(90, 22)
        await wait_for(pilot, lambda: app.view.size == (90, 22))
        await settle(pilot, app.view)
        lines = app.view.text.split("\n")
        assert len(lines) == 22 and "epoch" in lines[-1] and {len(line) for line in lines} == {90}


async def test_a_new_look_is_drawn() -> None:
    app = OneChart(curve(10, 20, 30))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        app.view.look = Look("ascii", palette=LIGHT)
        await settle(pilot, app.view)
        assert app.view.text.isascii()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Chart]:
    """The charts that were really drawn."""
    charts: list[Chart] = []

    def noting(chart: Chart, width: int, height: int, look: Look | None = None) -> Sequence[Strip]:
        charts.append(chart)
        return draw(chart, width, height, look)

    monkeypatch.setattr(chart_view, "draw", noting)
    return charts


async def test_a_hidden_chart_is_drawn_when_it_is_shown_again(drawn: list[Chart]) -> None:
    app = OneChart(curve(10, 20))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        app.view.display = False
        await wait_for(pilot, lambda: not app.view.is_on_screen)
        drawn.clear()
        for value in range(5):
            app.view.show(curve(10, 20, value))
            await pilot.pause()
        assert drawn == []
        app.view.display = True
        await wait_for(pilot, lambda: bool(drawn))
        await settle(pilot, app.view)
        assert len(drawn) == 1


async def test_a_chart_behind_another_screen_is_drawn_when_that_goes_away(drawn: list[Chart]) -> None:
    app = OneChart(curve(10, 20))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        await app.push_screen(Screen())
        drawn.clear()
        app.view.show(curve())
        await pilot.pause()
        assert drawn == []
        await app.pop_screen()
        await wait_for(pilot, lambda: bool(drawn))
        await settle(pilot, app.view)
        assert "press space" in app.view.text


async def test_a_chart_behind_a_dialog_goes_on() -> None:
    app = OneChart(curve(10, 20))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        await app.push_screen(ModalScreen())
        app.view.show(curve())
        await settle(pilot, app.view)
        assert "press space" in app.view.text


async def test_no_color_leaves_no_colour_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = OneChart(curve(10, 20, 30))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot, app.view)
        picture = app.export_screenshot(simplify=True)
        colors = set(re.findall(r'(?:fill: |rect fill=")#([0-9a-f]{6})', picture))
        colors -= {"ff5f57", "febc2e", "28c840", "c5c8c6"}  # the window that the picture is framed with
        assert colors and all(color[0:2] == color[2:4] == color[4:6] for color in colors)


def strip(*parts: tuple[str, str]) -> Strip:
    return Strip([Segment(text, Style.parse(style)) for text, style in parts])


def test_the_changed_part_of_a_row_is_as_small_as_it_can_be() -> None:
    before = strip(("abc", "red"), ("   ", ""))
    assert changed_part(before, strip(("abc", "red"), ("d  ", "red")), 7) == Region(3, 7, 1, 1)
    assert changed_part(before, strip(("a", "red"), ("b", "blue"), ("c   ", "red")), 0) == Region(1, 0, 1, 1)
    assert changed_part(strip(("図表", "")), strip(("図形", "")), 0) == Region(2, 0, 2, 1)
    assert changed_part(Strip.blank(0), before, 0) == Region(0, 0, 6, 1)
