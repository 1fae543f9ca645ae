"""The explorer's sweeps: begin one around the selected arm, follow it, or one that another process makes.

The screens are imported when they are first opened: what is not on the first screen must not delay it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from regtui.aside import beside
from regtui.ui import messages
from regtui.ui.looking_back import LookBackApp

if TYPE_CHECKING:
    from regtui.sweep.starting import SweepProcess

LOOK_EVERY = 0.2
"""Seconds between two looks for the folder of a sweep that was begun."""


class SweepApp(LookBackApp):
    """Sweeps are processes of their own: they outlive the explorer, which only reads their folders."""

    sweep: SweepProcess | None = None
    """The latest one that was begun here."""

    def action_sweep(self) -> None:
        """The sweep that was begun here, while it runs; else the form of a new one."""
        if self.sweep is not None and self.sweep.is_alive and (folder := self.sweep.folder()):
            self.watch_sweep(folder)
            return
        from regtui.ui.screens.sweep_form import SweepForm

        self.push_screen(SweepForm(self.view.session, self.view.selected.name), self._begin_sweep)

    def watch_sweep(self, folder: Path, *, alone: bool = False) -> None:
        """Follow the sweep of a folder. `alone`: nothing but this was asked for."""
        from regtui.sweep.following import Following, SweepFolderError
        from regtui.ui.screens.sweep import SweepScreen

        try:
            following = Following(folder)
        except SweepFolderError as error:
            self.post_message(messages.SentenceSaid(str(error), is_error=True))
            return
        screen = SweepScreen(following, self.chart_look(), dark=self.current_theme.dark, alone=alone)
        self.push_screen(screen, self.watch_closed)

    def _begin_sweep(self, words: list[str] | None) -> None:
        if words is None:
            return
        from regtui.sweep.starting import SweepProcess

        try:
            self.sweep = SweepProcess(words, self.stored_in)
        except OSError as error:
            self.post_message(messages.SentenceSaid(f"The sweep cannot be begun: {error.strerror}.", is_error=True))
            return
        self.post_message(messages.SentenceSaid("The sweep begins."))
        self.run_worker(self._await_sweep(self.sweep), group="sweep")

    async def _await_sweep(self, process: SweepProcess) -> None:
        """Show the sweep once it has a folder, or say why it has none."""
        while process.is_alive:
            if folder := await beside(process.folder):
                if self.screen is self.explorer:
                    self.watch_sweep(folder)
                else:  # whatever was opened meanwhile is not to be covered
                    self.post_message(messages.SentenceSaid("The sweep has begun: S shows it."))
                return
            await asyncio.sleep(LOOK_EVERY)
        told = process.trouble() or "it was done before; `regtui watch` and its folder show it"
        told = told.removeprefix("regtui sweep: ")  # as the command says of itself
        self.post_message(messages.SentenceSaid(f"No sweep: {told}", is_error=bool(process.trouble())))
