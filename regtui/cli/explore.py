"""`regtui [SCENARIO]`: the explorer."""

from __future__ import annotations

import argparse
import difflib
import gc
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from regtui import own, paths
from regtui.cli.parser import COMMANDS
from regtui.cli.screen import lacks_terminal, paint_at_once
from regtui.remembered import Remembered, recall, remember
from regtui.scenario import Scenario, ScenarioError, find, load, preset_files
from regtui.scenario.errors import Problem

if TYPE_CHECKING:
    from regtui.ui.shades import Shades


def explore(arguments: argparse.Namespace) -> int:
    """Open the explorer on a scenario, by default where it was left, at first on the first preset."""
    remembered, notice = recall(paths.state_file())
    trouble = lacks_terminal("the explorer", "`regtui run`")
    # Data and a model of the user's own take long to look at; other mistakes are told wherever they are made.
    scenario = None if trouble and (arguments.data or arguments.model) else _scenario(arguments, remembered)
    if trouble or scenario is None:
        print(f"regtui: {trouble}", file=sys.stderr)
        return 2
    from regtui.ui.opening import opening

    paint_at_once()
    with opening(scenario, _shades(remembered)):
        code, sentence = _explore(scenario, arguments, remembered, notice)
    if sentence:
        print(f"regtui: {sentence}", file=sys.stderr)
    return code


def _scenario(arguments: argparse.Namespace, remembered: Remembered) -> Scenario:
    """What to open. Own data and own models are looked at first, which takes imports that nothing else needs."""
    if arguments.data or arguments.model:
        from regtui.cli.own import chosen

        scenario = chosen(arguments, paths.runs_dir())
    else:
        paths.set_datasets(arguments.data_root, download=arguments.download)
        scenario = load(_found(arguments.scenario)) if arguments.scenario else _left_at(remembered)
    if arguments.settings:
        from regtui.cli.own import with_data_set

        scenario = with_data_set(scenario, arguments)
    if arguments.settings:
        told = (
            "is changed on the screen; here --set takes arguments of the factory (--model NAME --set model.x=8) and "
            "settings of the data (--set data.size=96)"
        )
        raise ScenarioError("--set", [Problem(arguments.settings[0], told)])
    if any(own.is_own(arm.data.name) for arm in scenario.arms):
        from regtui.cli.own import tell_of_data

        tell_of_data(scenario)
    return scenario


def _explore(scenario: Scenario, arguments: argparse.Namespace, remembered: Remembered, notice: str) -> tuple[int, str]:
    """The exit code, and a sentence for whoever reads the terminal afterwards."""
    # After the first picture on purpose: all of this takes longer to import than to run.
    from regtui.aside import FAREWELL, Aside
    from regtui.cli.machine import crowding, worker_command, worker_count
    from regtui.paths import progress_file, runs_dir, state_file
    from regtui.progress import Progress
    from regtui.runner import Runner
    from regtui.store import list_runs
    from regtui.store.beside import RecorderBeside
    from regtui.ui.app import RegtuiApp
    from regtui.ui.interrupts import run
    from regtui.ui.returning import taken_down

    command, workers = worker_command(arguments, runs_dir()), worker_count(arguments)
    if arguments.worker is None:
        command.append("--behind-screen")  # they share the cores with the screen
    aside, recorder = Aside("keeper"), RecorderBeside(runs_dir())  # no disk that hangs is waited for
    app = RegtuiApp(
        scenario,
        runner=lambda deliver: Runner(command, deliver, workers=workers),
        recorder=recorder,
        device=arguments.device,
        threads=arguments.threads,
        precision=arguments.precision,
        progress=Progress(progress_file(), aside.do),
        remembered=remembered,
        notice=notice,
        is_new=next(iter(list_runs(runs_dir())), None) is None,
    )
    run(app)
    aside.do(partial(remember, state_file(), taken_down(app.view, app.explorer, app.theme)))
    aside.end(FAREWELL)
    gc.freeze()  # else the interpreter looks for garbage at its end, half a second in which the shell waits
    return app.return_code or 0, recorder.left or crowding(arguments)


def _found(name: str) -> Path:
    """The file of a scenario; whoever mistyped a command is told so. Raises ScenarioError."""
    try:
        return find(name)
    except ScenarioError:
        close = difflib.get_close_matches(name, [*(path.stem for path in preset_files()), *COMMANDS], n=1)
        if not close or close[0] not in COMMANDS:
            raise
        told = f'is neither a command, a preset nor a file; did you mean "regtui {close[0]}"?'
        raise ScenarioError(name, [Problem("", told)]) from None


def _left_at(remembered: Remembered) -> Scenario:
    """The scenario of the last time; the first preset where there was none or it is gone."""
    if remembered.scenario:
        try:
            return load(find(remembered.scenario))
        except ScenarioError:
            pass  # a file that was moved or is being rewritten is no reason not to start
    return load(preset_files()[0])


def _shades(remembered: Remembered) -> Shades:
    """The colours of the first picture; other themes than ours follow a moment later."""
    from regtui.ui import shades

    return shades.LIGHT if "light" in remembered.theme else shades.DARK
