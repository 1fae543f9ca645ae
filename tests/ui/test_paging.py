"""Keys that turn pages."""

from __future__ import annotations

from textual.app import App, ComposeResult

from regtui.ui.paging import turn_pages_with_room_only
from regtui.ui.widgets.choices import Choices


class Listed(App[None]):
    CSS = "Choices { height: 6; }"

    def compose(self) -> ComposeResult:
        yield Choices(*"abcdefghijklmnop")


async def test_a_list_turns_a_page_where_it_has_room_and_stays_where_it_has_none() -> None:
    turn_pages_with_room_only()
    async with Listed().run_test() as pilot:
        choices = pilot.app.query_one(Choices)
        choices.focus()
        await pilot.press("home", "pagedown")
        there = choices.highlighted
        assert there is not None and there > 1
        choices.styles.display = "none"
        await pilot.pause()
        choices.clear_options()
        choices.add_options("abc")
        choices.highlighted = 2
        choices.action_page_up()  # as Textual's palette does by name
        assert choices.highlighted == 2
