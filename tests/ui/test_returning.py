"""The explorer comes back as it was left, and helps who is here for the first time."""

from __future__ import annotations

from regtui.remembered import Remembered
from regtui.ui.returning import taken_down
from regtui.ui.themes import DARK, LIGHT


def left_by(user) -> Remembered:
    """What the next start is given."""
    return taken_down(user.app.view, user.app.explorer, user.app.theme)


async def test_theme_large_pane_and_looks_come_back(explore) -> None:
    async with explore() as user:
        await user.press("d", "2", "v", "i")
        left = left_by(user)
    assert (left.theme, left.pane, left.large, left.statistic, left.inside) == (LIGHT.name, 2, True, "mean", 1)
    async with explore(remembered=left) as user:
        assert user.app.theme == LIGHT.name and user.app.view.statistic == "mean" and user.app.view.inside == 1
        assert [pane.number for pane in user.app.explorer.figures if pane.is_on_screen and pane.display] == [2]
        await user.press("escape")
        await user.until(lambda: all(pane.display for pane in user.app.explorer.figures))
        assert left_by(user).pane is None


async def test_the_tab_of_a_narrow_terminal_is_not_large_in_a_wide_one(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.press("2")
        left = left_by(user)
        assert (left.pane, left.large) == (2, False)
    async with explore(remembered=left) as user:
        assert all(pane.display for pane in user.app.explorer.figures)
    async with explore(size=(80, 24), remembered=left) as user:
        assert user.app.explorer.only_pane == 2


async def test_a_theme_or_pane_that_is_not_there_any_more_is_passed_over(explore) -> None:
    async with explore(remembered=Remembered(theme="gone", pane=9), notice="Something was ignored.") as user:
        assert user.app.theme == DARK.name and user.app.explorer.only_pane is None
        assert "Something was ignored." in user.toasts


async def test_three_lines_help_until_the_first_run_is_made(explore) -> None:
    async with explore(is_new=True) as user:
        await user.sees("space      trains the arms", "↑ ↓ enter  choose", "?          explains")
        await user.press("space")
        user.runner.play()
        await user.until(lambda: "trains the arms" not in user.text)
        await user.press("r", "r")
        await user.sees("Watch")
        assert "trains the arms" not in user.text
    async with explore() as user:
        assert "trains the arms" not in user.text
