"""The explorer's way back: compare stored runs, replay one, follow one that another process writes.

Each screen is imported when it is first opened: what is not on the first screen must not delay it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regtui.aside import beside
from regtui.paths import runs_dir
from regtui.store import Recorder
from regtui.ui import messages
from regtui.ui.charts import Look
from regtui.ui.figures.ghost import ghost_run
from regtui.ui.learning import LearnerApp
from regtui.ui.runners import RunnerLike
from regtui.ui.terminal import colors
from regtui.ui.themes import chart_palette

if TYPE_CHECKING:
    from regtui.compare.library import Entry
    from regtui.watching import Batch


class LookBackApp(LearnerApp):
    """Screens over the explorer that read the run store and change nothing in it."""

    recorder: Recorder | None
    runner: RunnerLike

    @property
    def stored_in(self) -> Path:
        """Where this explorer keeps its runs."""
        return self.recorder.root if self.recorder is not None else runs_dir()

    def chart_look(self) -> Look:
        """How charts are drawn on this terminal in the present theme."""
        palette = chart_palette(self.current_theme, self.theme_variables)
        return Look("ascii" if self.ascii_only else "braille", colors(self.console.color_system), palette)

    def action_compare(self) -> None:
        from regtui.ui.screens.compare import CompareScreen

        scenario, dark = self.view.session.scenario.id, self.current_theme.dark
        self.push_screen(CompareScreen(self.stored_in, scenario, self.chart_look(), dark=dark))

    def action_stored_runs(self) -> None:
        from regtui.compare.library import entries
        from regtui.ui.screens.stored import StoredScreen

        folder = self.stored_in
        self.push_screen(StoredScreen(lambda: list(entries(folder))), self.watch_batch)

    def watch_batch(self, batch: Batch | None) -> None:
        """Open what was chosen."""
        if batch is not None:
            self.watch_runs(batch.entries)

    def watch_runs(self, runs: Sequence[Entry], *, alone: bool = False) -> None:
        """Look at stored runs of one scenario. `alone`: nothing but this was asked for."""
        from regtui.store.reading import ReadingError
        from regtui.ui.screens.watch import WatchScreen
        from regtui.watching import Watch

        try:
            watch = Watch(runs)
        except ReadingError as error:
            self.post_message(messages.SentenceSaid(str(error), is_error=True))
            return
        screen = WatchScreen(watch, self.runner, self.chart_look(), dark=self.current_theme.dark, alone=alone)
        self.push_screen(screen, self.watch_closed)

    def watch_closed(self, ends: bool | None) -> None:
        """Back from stored runs; `ends`: out of the program."""
        if ends:
            self.exit()

    async def action_ghost(self) -> None:
        """Show or hide the previous run of the selected arm."""
        self.view.has_ghost = not self.view.has_ghost
        if self.view.has_ghost:
            from regtui.compare.before import latest_before

            scenario, own = self.view.session.scenario.id, set(self.view.session.runs)
            found = await beside(lambda: latest_before(self.stored_in, scenario, own))
            self.view.stored_ghosts |= found
        self.explorer.show_charts()
        told = "The previous run of the selected arm is dotted behind its curve."
        if self.view.has_ghost:
            self.post_message(messages.SentenceSaid(told if ghost_run(self.view) else NO_GHOST))


NO_GHOST = "The selected arm has no earlier run with this seed; it will show once there is one. G hides it again."
