"""`regtui [SCENARIO]`: the explorer."""

from __future__ import annotations

import argparse
import gc
import sys

from regtui import own, paths
from regtui.scenario import Scenario, find, load, preset_files


def explore(arguments: argparse.Namespace) -> int:
    """Open the explorer on a scenario, by default the first preset."""
    scenario = _scenario(arguments)
    # Textual draws on stderr, so a redirected one would leave the screen black.
    streams = {"standard input": sys.stdin, "standard output": sys.stdout, "standard error": sys.stderr}
    for name, stream in streams.items():
        if not stream.isatty():
            print(f"regtui: the explorer needs a terminal, and {name} is none; `regtui run` works without one",
                  file=sys.stderr)  # fmt: skip
            return 2
    from regtui.ui.opening import opening

    with opening(scenario):
        code, sentence = _explore(scenario, arguments)
    if sentence:
        print(f"regtui: {sentence}", file=sys.stderr)
    return code


def _scenario(arguments: argparse.Namespace) -> Scenario:
    """What to open. Own data and own models are looked at first, which takes imports that nothing else needs."""
    if not (arguments.data or arguments.model):
        paths.set_datasets(arguments.data_root, download=arguments.download)
        scenario = load(find(arguments.scenario) if arguments.scenario else preset_files()[0])
        if not any(own.is_own(arm.data.name) for arm in scenario.arms):
            return scenario
    from regtui.cli.own import chosen, tell_of_data

    scenario = chosen(arguments, paths.runs_dir())
    tell_of_data(scenario)
    return scenario


def _explore(scenario: Scenario, arguments: argparse.Namespace) -> tuple[int, str]:
    """The exit code, and a sentence for whoever reads the terminal afterwards."""
    # After the first picture on purpose: all of this takes longer to import than to run.
    from regtui.cli.machine import crowding, worker_command, worker_count
    from regtui.paths import progress_file, runs_dir
    from regtui.progress import Progress
    from regtui.runner import Runner
    from regtui.store import Recorder
    from regtui.ui.app import RegtuiApp

    command, workers = worker_command(arguments, runs_dir()), worker_count(arguments)
    if arguments.worker is None:
        command.append("--behind-screen")  # they share the cores with the screen
    app = RegtuiApp(
        scenario,
        runner=lambda deliver: Runner(command, deliver, workers=workers),
        recorder=Recorder(runs_dir()),
        device=arguments.device,
        threads=arguments.threads,
        precision=arguments.precision,
        progress=Progress(progress_file()),
    )
    app.run()
    gc.freeze()  # else the interpreter looks for garbage at its end, half a second in which the shell waits
    return app.return_code or 0, crowding(arguments)
