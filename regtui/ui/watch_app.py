"""The explorer, opened on stored runs: `regtui watch`."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.compare.library import Entry
from regtui.progress import Progress
from regtui.scenario import Scenario
from regtui.store import Recorder
from regtui.ui.app import RegtuiApp
from regtui.ui.racing import RunnerFactory
from regtui.watching import Batch


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
        if not ends and hasattr(self.runner, "is_wanted"):
            self.runner.is_wanted = True
            self.runner.warm()
