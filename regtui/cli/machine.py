"""Which worker trains, from the options that `explore` and `run` share."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from regtui.cli.output import counted
from regtui.machine import cores
from regtui.runner import default_command, default_workers
from regtui.scenario.errors import Problem, ScenarioError


def worker_command(arguments: argparse.Namespace, store: Path) -> list[str]:
    """The command that starts a worker: split as a shell would, but run without one. Raises ScenarioError."""
    if arguments.worker is None:
        return default_command(store)
    try:
        words = shlex.split(arguments.worker)
    except ValueError as error:
        raise ScenarioError("--worker", [Problem("", f"cannot be split into words: {error}")]) from None
    if not words:
        raise ScenarioError("--worker", [Problem("", 'is empty; write a command, as in "ssh gpu01 regtui worker"')])
    return words


def worker_count(arguments: argparse.Namespace) -> int:
    """How many workers race: as many as have cores here for their threads.

    It is one where the cores are not ours to count, or where auto threads may take all of them for one run.
    """
    if arguments.workers is not None:
        return int(arguments.workers)
    if arguments.worker is not None or arguments.threads == "auto":
        return 1
    return default_workers(arguments.threads)


def crowding(arguments: argparse.Namespace) -> str:
    """A sentence where the workers' threads outnumber the cores here and training is on them; else ""."""
    threads, workers, here = arguments.threads, worker_count(arguments), cores()
    if threads == "auto" or threads * workers <= here or arguments.worker or arguments.device.startswith("cuda"):
        return ""
    fewer = f"--workers {here // threads}" if threads <= here else f"--threads {here}"
    return (
        f"{counted(workers, 'worker')} with {counted(threads, 'thread')} each on {counted(here, 'core')} "
        f"will wait for each other; {fewer} is faster"
    )
