"""Dialogs that are closed once, however quickly keys follow each other."""

from __future__ import annotations

from textual.app import App
from textual.await_complete import AwaitComplete


class ClosingApp(App[None]):
    """Keeps its first screen."""

    def pop_screen(self) -> AwaitComplete:
        """Close the screen on top. A choice that arrives when escape has closed its dialog closes nothing more."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()
