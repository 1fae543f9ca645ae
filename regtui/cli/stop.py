"""`regtui stop RUN...`: end runs that another process makes, here or on a machine that shares the directory."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from regtui.cli.stored import stored_folders
from regtui.export.errors import ExportError
from regtui.paths import runs_dir
from regtui.resuming import is_monitored
from regtui.scenario.errors import printable
from regtui.store import list_runs, replay
from regtui.store.presence import is_being_written
from regtui.store.rundir import read_info
from regtui.store.writer import ask_to_stop, read_writer
from regtui.sweep.following import is_sweep
from regtui.sweep.record import ask_to_stop as ask_sweep_to_stop
from regtui.sweep.record import is_worked_on

PATIENCE = 20.0
"""Seconds until a writer that does not answer is said to be silent; it looks once a second, then ends a block."""


def stop(arguments: argparse.Namespace) -> int:
    """Ask the writers, and wait until they have closed the runs. 0 all ended, 1 one did not, 2 no such run."""
    root = arguments.out or runs_dir()
    if len(arguments.runs) == 1 and is_sweep(Path(arguments.runs[0])):
        return _stop_sweep(Path(arguments.runs[0]))
    try:
        folders = stored_folders(arguments.runs, root)
    except ExportError as error:
        print(f"regtui stop: {error}", file=sys.stderr)
        return 2
    if arguments.all:
        writers = [writer for folder in folders if (writer := read_writer(folder)) is not None]
        folders += [
            folder for info in list_runs(root)
            if (folder := root / info.run) not in folders and read_writer(folder) in writers
        ]  # fmt: skip
    asked = []
    for folder in folders:
        if is_being_written(folder):
            ask_to_stop(folder)
            asked.append(folder)
        else:
            print(f"{folder.name} is not running: {printable(_state(folder))}")
    deadline = time.monotonic() + PATIENCE
    while any(is_being_written(folder) for folder in asked) and time.monotonic() < deadline:
        time.sleep(0.1)
    for folder in asked:
        if is_being_written(folder):
            print(
                f"{folder.name} was asked to stop, and its process has not answered for {PATIENCE:g} s{_hint(folder)}"
            )
        else:
            print(f"{folder.name}: {printable(_state(folder))}")
    return 1 if any(is_being_written(folder) for folder in asked) else 0


def _stop_sweep(folder: Path) -> int:
    """The same for the process that searches in a folder. 0 ended, 1 it did not."""
    if not is_worked_on(folder):
        print(f"sweep {folder.name} is not running")
        return 0
    ask_sweep_to_stop(folder)
    deadline = time.monotonic() + PATIENCE
    while is_worked_on(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    if is_worked_on(folder):
        print(f"sweep {folder.name} was asked to stop, and its process has not answered for {PATIENCE:g} s")
        return 1
    print(f"sweep {folder.name}: stopped; the command that began it goes on with it")
    return 0


def _state(folder: Path) -> str:
    history = replay(folder)
    return history.trouble or history.state


def _hint(folder: Path) -> str:
    if not is_monitored(read_info(folder)):
        return ""
    return "; a loop of your own ends where it asks monitor.should_stop"
