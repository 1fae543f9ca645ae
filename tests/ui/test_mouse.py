"""Everything that keys do in lists, dialogs and charts the mouse does too; and vi keys do what arrows do."""

from __future__ import annotations

from textual import events
from textual.screen import ModalScreen
from textual.widgets import OptionList

from regtui.ui.widgets.hints import pressed_by
from regtui.ui.widgets.lines import Lines

DIALOGS = ["question_mark", "o", "E", "a"]


def clicked(x: int, y: int) -> events.Click:
    """A click somewhere on the screen; the pilot's own waits for the process to be idle."""
    return events.Click(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)


def is_open(user) -> bool:
    return isinstance(user.app.screen, ModalScreen)


async def test_a_click_on_the_rule_below_a_dialog_closes_it_and_one_inside_does_not(explore) -> None:
    async with explore() as user:
        for key in DIALOGS:
            await user.press(key)
            await user.until(lambda: is_open(user) and user.app.screen.query(".dialog").first().region.height)
            region = user.app.screen.query(".dialog").first().region
            user.app.screen.post_message(clicked(region.x + 5, region.y))
            await user.settle()
            assert is_open(user), key
            user.app.screen.post_message(clicked(region.right - 5, region.bottom - 1))
            await user.until(lambda: not is_open(user), key)


async def test_a_click_beside_a_dialog_closes_it(explore) -> None:
    async with explore() as user:
        await user.press("question_mark")
        await user.until(lambda: is_open(user))
        await user.pilot.click(offset=(0, 0))
        await user.until(lambda: not is_open(user))


async def test_what_is_to_be_pressed_next_can_be_clicked(explore) -> None:
    async with explore() as user:
        await user.click_on("g predicts first")
        await user.until(lambda: is_open(user))
        await user.press("escape")
        await user.click_on("to run the 3 arms")
        assert len(user.runner.requests) == 3
        user.runner.play(5)
        await user.sees("space pauses")
        await user.click_on("space pauses")
        assert user.runner.is_paused


async def test_a_hint_below_a_dialog_can_be_clicked(explore) -> None:
    async with explore() as user:
        await user.press("h")
        await user.click_on("o scenarios")
        await user.sees("Scenarios")
        await user.press("escape", "g")
        await user.click_on("0 skips")
        await user.sees("2 of ")
        await user.click_on("escape leaves")
        await user.until(lambda: not is_open(user))


async def test_a_title_on_the_page_of_the_lesson_opens_its_scenario(explore) -> None:
    async with explore() as user:
        await user.press("h")
        page = user.app.screen
        await user.sees("Goals")
        page.query_one(Lines).scroll_to(y=18, animate=False)
        await user.click_on("Labels that mean nothing")
        await user.until(lambda: user.app.view.session.scenario.title == "Labels that mean nothing")


def test_a_hint_that_names_several_keys_presses_none() -> None:
    keys = {"enter opens": "enter", "T the run's mode": "T", "esc closes": "escape", "↑ ↓ scroll": "", "← back": "left",
            "enter or a digit": "", "↑ ↓ enter or a digit": "", "0 skips": "0"}  # fmt: skip
    assert {text: pressed_by(text) for text in keys} == keys


async def test_a_click_on_the_title_of_a_chart_shows_it_alone_and_again_all(explore) -> None:
    async with explore() as user:
        panes = user.app.explorer.figures
        for pane in (panes[1], panes[3]):
            for shown in ([pane.number], [1, 2, 3, 4]):
                await user.pilot.click(offset=(pane.region.x + 4, pane.region.y))
                await user.until(lambda shown=shown: [each.number for each in panes if each.display] == shown)
        await user.pilot.click(offset=(pane.region.x + 9, pane.region.y + 5))
        await user.settle()
        assert pane.has_focus_within and all(each.display for each in panes)


async def test_vi_keys_walk_through_the_list_of_scenarios(explore) -> None:
    async with explore() as user:
        await user.press("o")
        await user.until(lambda: is_open(user))
        options = user.app.screen.query_one(OptionList)
        await user.press("g")
        first = options.highlighted
        await user.press("j", "j", "k")
        assert options.highlighted == first + 1
        await user.press("G")
        assert options.highlighted == options.option_count - 1


async def test_vi_keys_scroll_a_page(explore) -> None:
    async with explore(size=(80, 24)) as user:
        for key in ("question_mark", "h"):
            await user.press(key)
            await user.until(lambda: is_open(user))
            page = user.app.screen.query_one(Lines)
            await user.until(lambda page=page: page.max_scroll_y > 10)
            await user.press("j", "j", "j", "k")
            await user.until(lambda page=page: page.scroll_offset.y == 2)
            await user.press("G")
            await user.until(lambda page=page: page.scroll_offset.y == page.max_scroll_y)
            await user.press("g")
            await user.until(lambda page=page: page.scroll_offset.y == 0)
            await user.press("escape")
            await user.until(lambda: not is_open(user))
