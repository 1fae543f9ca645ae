"""What comes too late, or twice, closes nothing else and ends nothing: keys are quicker than a busy screen."""

from __future__ import annotations

import asyncio

from textual import events
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widgets._toast import Toast


async def test_the_palette_opens_while_the_one_before_it_is_still_being_closed(explore) -> None:
    async with explore() as user:
        await user.press("ctrl+p")
        for turns in range(8):  # of the event loop, until it is closed again
            user.app.screen.dismiss()
            user.app.action_command_palette()
            for _ in range(turns):
                await asyncio.sleep(0)
        await user.settle()
        assert user.app.is_running and isinstance(user.app.screen, CommandPalette)
        await user.press("escape")
        assert user.app.screen is user.app.explorer


async def test_a_screen_below_another_one_is_not_closed_in_its_place(explore) -> None:
    async with explore() as user:
        await user.press("ctrl+p")
        palette, above = user.app.screen, ModalScreen[None]()
        await user.app.push_screen(above)
        for _ in range(2):
            palette.dismiss()
        await user.settle()
        assert user.app.is_running and user.app.screen is above
        above.dismiss()
        await user.settle()
        assert user.app.screen is palette
        await user.press("escape")
        assert user.app.screen is user.app.explorer


async def test_a_click_on_a_message_that_has_just_gone_hits_nothing(explore) -> None:
    async with explore(paints=True) as user:
        user.app._disable_notifications = False  # a pilot's first screen has no place for messages
        await user.app.push_screen(ModalScreen[None]())
        user.app.say("gone in a moment")
        await user.until(lambda: user.app.screen.query(Toast))
        toast = user.app.screen.query(Toast).first()
        await user.until(lambda: toast.region.area)
        x, y = toast.region.x + 2, toast.region.y + 1
        await toast.remove()
        assert toast.parent is None and toast in user.app.screen._compositor.visible_widgets
        user.app.screen._forward_event(
            events.MouseDown(toast, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y)
        )
        await user.settle()
        assert user.app.is_running
        user.app.screen.dismiss()
        await user.settle()
