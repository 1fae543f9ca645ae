"""What is closed is closed once, however quickly keys and clicks follow each other.

Textual 8.2.8 takes a screen off its stack at once and out of its tree a moment later, and paints what was taken out
until the next layout. A key or a click in between met a screen of that name, a choice that was made, a palette without
its list or a widget without a parent, and ended the app.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from textual import work
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.events import Mount
from textual.screen import Screen


class ClosingApp(App[None]):
    """Keeps its first screen."""

    ALLOW_SELECT = False
    """Nearly nothing could be selected; a click on a message that has just gone looked for its parent."""

    def __init__(self) -> None:
        super().__init__()
        Screen.dismiss = _dismiss_on_top  # type: ignore[method-assign]

    def pop_screen(self) -> AwaitComplete:
        """Close the screen on top. A choice that arrives when escape has closed its dialog closes nothing more."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    def action_command_palette(self) -> None:
        """Open the palette, without Textual's name for it: the one before may still be in the tree."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(Palette())


class Palette(CommandPalette):
    """One that may be closed before it has looked for its commands."""

    def _on_mount(self, event: Mount) -> None:
        if self in self.app.screen_stack:
            super()._on_mount(event)

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        with suppress(NoMatches):  # its list is gone
            await CommandPalette._gather_commands.__wrapped__(self, search_value)  # type: ignore[attr-defined]


_dismiss = Screen.dismiss


def _dismiss_on_top(self: Screen[Any], result: Any = None) -> AwaitComplete:
    """A screen that lies below another one stays: the other one would be closed in its place."""
    return _dismiss(self, result) if self.app.screen is self else AwaitComplete()
