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
    """How many workers race: one a core here; one where the cores are not ours to count or one run may have all."""
    if arguments.workers is not None:
        return int(arguments.workers)
    return default_workers() if arguments.worker is None and arguments.threads != "auto" else 1


def crowding(arguments: argparse.Namespace) -> str:
    """A sentence where the workers' threads outnumber the cores here and training is on them; else ""."""
    threads, workers, here = arguments.threads, worker_count(arguments), cores()
    if threads == "auto" or threads * workers <= here or arguments.worker or arguments.device.startswith("cuda"):
        return ""
    return (
        f"{counted(workers, 'worker')} with {counted(threads, 'thread')} each on {counted(here, 'core')}: they will "
        f"wait for each other; --workers {max(here // threads, 1)} or fewer --threads is faster"
    )
