"""`regtui watch [RUN|DIR]`: look at stored runs as of any time, follow them while another process writes them."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regtui.aside import FAREWELL, Aside
from regtui.cli.screen import lacks_terminal, paint_at_once
from regtui.compare.finding import find_entries, is_folder_of_runs, is_scenario
from regtui.compare.library import Entry, entries
from regtui.paths import progress_file, runs_dir
from regtui.progress import Progress
from regtui.runner import Runner, default_command
from regtui.scenario import load, preset_files
from regtui.scenario.errors import printable
from regtui.scenario.presets import preset_id
from regtui.store.beside import RecorderBeside
from regtui.store.reading import ReadingError
from regtui.sweep.following import Following, SweepFolderError, is_sweep
from regtui.watching import batches

if TYPE_CHECKING:
    from textual.app import App


class ColdRunner(Runner):
    """A runner that loads nothing before it is wanted: who only looks needs no PyTorch."""

    is_wanted = False

    def warm(self, count: int | None = None) -> None:
        """Only once runs are wanted."""
        if self.is_wanted:
            super().warm(count)


def watch(arguments: argparse.Namespace) -> int:
    """Open the explorer on stored runs; 2 with a sentence where there are none, or of several scenarios."""
    if len(arguments.runs) == 1 and is_sweep(Path(arguments.runs[0])):
        return _watch_sweep(Path(arguments.runs[0]))
    try:
        found, is_choice = chosen(arguments.runs, arguments.out or runs_dir())
    except ReadingError as error:
        print(f"regtui watch: {error}", file=sys.stderr)
        return 2

    def app(**options: Any) -> App[None]:
        from regtui.ui.watch_app import WatchApp

        return WatchApp(found, is_choice=is_choice, **options)

    return _open(app, found[0].spec.scenario, instead="`regtui compare`")


def _watch_sweep(folder: Path) -> int:
    """The same explorer on the folder of a sweep."""
    try:
        following = Following(folder)
    except SweepFolderError as error:
        print(f"regtui watch: {printable(str(error))}", file=sys.stderr)
        return 2

    def app(**options: Any) -> App[None]:
        from regtui.ui.watch_app import SweepWatchApp

        return SweepWatchApp(folder, **options)

    return _open(app, following.plan.scenario, instead="trials.jsonl in the folder says the same, and it")


def _open(make: Callable[..., App[None]], scenario: str, *, instead: str) -> int:
    """Run an app on what is stored of a scenario; 2 with a sentence, `instead` in it, where there is no terminal."""
    if sentence := lacks_terminal("watch", instead):
        print(f"regtui: {sentence}", file=sys.stderr)
        return 2
    paint_at_once()
    from regtui.ui.interrupts import run

    presets = {preset_id(path): path for path in preset_files()}
    aside = Aside("keeper")
    app = make(
        scenario=load(presets.get(scenario, preset_files()[0])),
        runner=lambda deliver: ColdRunner(default_command(runs_dir()), deliver),
        recorder=RecorderBeside(runs_dir()),
        progress=Progress(progress_file(), aside.do),
    )
    run(app)
    aside.end(FAREWELL)
    gc.freeze()  # else the interpreter looks for garbage at its end, half a second in which the shell waits
    return app.return_code or 0


def chosen(names: Sequence[str], root: Path) -> tuple[list[Entry], bool]:
    """The runs to look at, and whether they are only what there is to choose from. Raises ReadingError.

    Without names: the latest ones of the store; of a scenario its latest ones. A folder with runs of several
    occasions is a choice.
    """
    if not names:
        latest = batches(entries(root))
        if not latest:
            raise ReadingError(f"no runs in {root}; `regtui run` or the explorer makes some")
        return list(latest[0].entries), False
    found = find_entries(names, root)
    if len(names) == 1 and all(is_scenario(names[0], entry) for entry in found) and not Path(names[0]).exists():
        return list(batches(found)[0].entries), False
    if len(batches(found)) > 1 and all(is_folder_of_runs(Path(name)) for name in names):
        return found, True
    scenarios = list(dict.fromkeys(entry.spec.scenario for entry in found))
    if len(scenarios) > 1:
        some = ", ".join(scenarios[:4])
        raise ReadingError(f"these are runs of {len(scenarios)} scenarios ({some}); name those of one")
    return found, False
