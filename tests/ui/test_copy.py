"""y takes the selected arm home as one line for the shell."""

from __future__ import annotations


async def test_y_copies_the_selected_arm_and_shows_the_line(explore) -> None:
    async with explore() as user:
        await user.press("y")
        line = "regtui run overfitting/test --arm baseline --seeds 1"
        assert user.app.clipboard == line
        assert line in user.toasts and "OSC 52" in user.toasts


async def test_y_says_why_an_arm_has_no_line(explore) -> None:
    async with explore() as user:
        user.app.view.arm = user.app.view.session.toggle("baseline", "label_smoothing").name
        await user.press("y")
        assert user.app.clipboard == "" and "has label_smoothing" in user.toasts
