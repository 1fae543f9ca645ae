"""Rows that nobody will see again take no memory."""

from __future__ import annotations

import gc
import weakref

from textual.widget import Widget


async def test_the_rows_of_a_closed_screen_are_forgotten(explore) -> None:
    async with explore() as user:
        await user.press("question_mark")
        drawn = [weakref.ref(widget._styles_cache) for widget in user.app.screen.query(Widget)]
        assert user.text and drawn
        await user.press("escape")
        await user.until(lambda: gc.collect() >= 0 and not any(rows() for rows in drawn), "the rows forgotten")
