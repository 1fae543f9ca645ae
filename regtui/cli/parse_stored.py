"""The options of the commands that look at stored runs: `compare` and `watch`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

RUNS = "a scenario, the beginning of one or several ids, a run directory, or a folder of them"

LATEST = "an id, the beginning of one, a run directory, or a scenario, which stands for its latest runs"

Later = Callable[[str, str], Callable[[argparse.Namespace], int]]
"""Makes a function that imports its module when it is called."""


def add_stored(commands: argparse._SubParsersAction[argparse.ArgumentParser], later: Later) -> None:
    """Add both commands."""
    compare = commands.add_parser(
        "compare", help="stored runs beside each other: figures, paired differences, only the settings that differ"
    )
    compare.add_argument("runs", nargs="*", metavar="RUN", help=f"{RUNS}; default: all stored runs")
    compare.add_argument("--where", metavar="FILTER", help='only some of them: "arm=dropout lr<=2e-3 seed=0"')
    compare.add_argument("--against", metavar="ARM", help="the arm that others are paired with; default: the first")
    compare.add_argument("--out", type=Path, metavar="DIR", help="the directory they were stored in")
    compare.add_argument("--json", action="store_true", help="one JSON object on stdout")
    compare.set_defaults(function=later("regtui.cli.compare", "compare"), parser=compare)

    watch = commands.add_parser(
        "watch", help="look at stored runs at any time of theirs, or follow them while another process writes them"
    )
    watch.add_argument("runs", nargs="*", metavar="RUN|DIR", help=f"{RUNS}; default: the latest ones")
    watch.add_argument("--out", type=Path, metavar="DIR", help="the directory they were stored in")
    watch.set_defaults(function=later("regtui.cli.watch", "watch"), parser=watch)
