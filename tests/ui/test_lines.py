"""Lines that change: what is sent again, and when the screen is laid out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen

from regtui.ui.text import line
from regtui.ui.widgets.lines import Lines


class Page(App[None]):
    """Ten rows for lines."""

    CSS = "Lines { width: 20; height: 10; } #grows { height: auto; max-height: 8; }"

    def compose(self) -> ComposeResult:
        yield Lines(id="fixed")
        yield Lines(id="grows")

    def show(self, id: str, count: int) -> Lines:
        lines = self.query_one(f"#{id}", Lines)
        lines.show([line(f"row {i}") for i in range(count)])
        return lines


@contextmanager
def layouts(screen: Screen[object], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Counts how often the screen is laid out."""
    counted, real = [], screen._refresh_layout

    def count(*args: object, **more: object) -> None:
        counted.append(1)
        real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(screen, "_refresh_layout", count)
    yield counted


async def test_more_or_fewer_lines_in_a_place_of_its_own_size_lay_nothing_out(monkeypatch) -> None:
    async with Page().run_test() as pilot:
        app = pilot.app
        app.show("fixed", 3)
        await pilot.pause()
        with layouts(app.screen, monkeypatch) as counted:
            app.show("fixed", 8)
            await pilot.pause()
            assert not counted
            lines = app.show("fixed", 30)
            await pilot.pause()
            assert counted and lines.show_vertical_scrollbar
            lines.scroll_to(y=20, animate=False)
            await pilot.pause()
            counted.clear()
            app.show("fixed", 25)
            await pilot.pause()
            assert not counted and lines.scroll_y == lines.max_scroll_y == 15
            assert lines.vertical_scrollbar.window_virtual_size == 25


class Folded(Lines):
    """Makes its lines for the room there is."""

    def on_resize(self) -> None:
        self.show([line("x" * self.room) for _ in range(20)])


async def test_lines_are_folded_anew_for_the_room_beside_a_scroll_bar() -> None:
    class Tall(App[None]):
        CSS = "Lines { width: 20; height: 10; }"

        def compose(self) -> ComposeResult:
            yield Folded()

    async with Tall().run_test() as pilot:
        lines = pilot.app.query_one(Folded)
        deadline = time.monotonic() + 10
        while lines.render_line(0).text != "x" * 18 + " ":
            assert time.monotonic() < deadline
            await pilot.pause()
        assert lines.show_vertical_scrollbar


async def test_a_place_that_grows_with_its_lines_is_laid_out() -> None:
    async with Page().run_test() as pilot:
        lines = pilot.app.show("grows", 3)
        await pilot.pause()
        assert lines.size.height == 3
        pilot.app.show("grows", 5)
        await pilot.pause()
        assert lines.size.height == 5
