"""The explorer, opened on stored runs: `regtui watch`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtui.compare.library import Entry
from regtui.progress import Progress
from regtui.scenario import Scenario
from regtui.store import Recorder
from regtui.ui.app import RegtuiApp
from regtui.ui.runners import RunnerFactory
from regtui.watching import Batch


class SweepWatchApp(RegtuiApp):
    """The explorer, opened on the folder of a sweep."""

    def __init__(
        self, folder: Path, *, scenario: Scenario, runner: RunnerFactory, recorder: Recorder | None = None,
        progress: Progress | None = None, ascii_only: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(scenario, runner=runner, recorder=recorder, progress=progress, ascii_only=ascii_only)
        self._folder = folder

    def on_mount(self) -> None:
        self.call_later(self.watch_sweep, self._folder, alone=True)

    def watch_closed(self, ends: bool | None) -> None:
        """To the explorer, whose workers are wanted from now on; or out."""
        super().watch_closed(ends)
        _want(self, ends)


class WatchApp(RegtuiApp):
    """`escape` leads to the explorer, `q` out of the program."""

    def __init__(
        self, entries: Sequence[Entry], *, is_choice: bool, scenario: Scenario, runner: RunnerFactory,
        recorder: Recorder | None = None, progress: Progress | None = None, ascii_only: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(scenario, runner=runner, recorder=recorder, progress=progress, ascii_only=ascii_only)
        self._entries, self._is_choice = list(entries), is_choice

    def on_mount(self) -> None:
        self.call_later(self._open_stored)

    def _open_stored(self) -> None:
        if not self._is_choice:
            self.watch_runs(self._entries, alone=True)
            return
        from regtui.ui.screens.stored import StoredScreen

        self.push_screen(StoredScreen(lambda: self._entries), self._chosen_batch)

    def _chosen_batch(self, batch: Batch | None) -> None:
        if batch is None:
            self.exit()
        else:
            self.watch_runs(batch.entries, alone=True)

    def watch_closed(self, ends: bool | None) -> None:
        """To the explorer, whose workers are wanted from now on; or out."""
        super().watch_closed(ends)
        _want(self, ends)


def _want(app: RegtuiApp, ends: bool | None) -> None:
    """Who goes on to the explorer wants its workers."""
    if not ends and hasattr(app.runner, "is_wanted"):
        app.runner.is_wanted = True
        app.runner.warm()
