"""Every command with its options. The functions behind them are imported when they are called."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from regtui import __version__
from regtui.cli.meant import meant
from regtui.cli.options import (
    add_machine,
    add_output,
    add_own,
    add_own_settings,
    add_ray,
    add_what,
    count,
    device,
    whole,
)
from regtui.cli.parse_serve import add_serve
from regtui.cli.parse_stored import LATEST, add_stored
from regtui.export.columns import COLUMNS

COMMANDS = (
    "explore",
    "scenarios",
    "check",
    "catalog",
    "run",
    "resume",
    "runs",
    "sweep",
    "stop",
    "compare",
    "watch",
    "export",
    "reveal",
    "bench",
    "doctor",
    "serve",
    "completion",
    "worker",
)
FORMATS = ("csv", "json", "tensorboard", "html", "python")
"""What `export` writes."""


class Parser(argparse.ArgumentParser):
    """Shows what was typed without what a terminal would obey."""

    def error(self, message: str) -> NoReturn:
        from regtui.scenario.errors import printable  # what is right needs no sentence

        super().error(printable(message))


def build_parser() -> argparse.ArgumentParser:
    """The parser of the `regtui` command."""
    parser: argparse.ArgumentParser = Parser(
        prog="regtui",
        description="A terminal explorer of deep-learning regularization: predict, press space, watch real training, "
        "see which claim holds. Without a command it opens the explorer.",
        epilog="regtui COMMAND --help tells more of a command.",
    )
    parser.add_argument("--version", action="version", version=f"regtui {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    explore = commands.add_parser("explore", help="the explorer (also: regtui [SCENARIO])")
    explore.add_argument("scenario", nargs="?", help="a preset such as overfitting/ladder, or a TOML file")
    add_own_settings(explore)
    add_own(explore)
    add_machine(explore)
    explore.set_defaults(function=_later("regtui.cli.explore", "explore"), parser=explore)

    scenarios = commands.add_parser("scenarios", help="list the presets")
    scenarios.add_argument("--json", action="store_true", help="one JSON object on stdout")
    scenarios.set_defaults(function=_later("regtui.cli.listings", "scenarios"), parser=scenarios)

    check = commands.add_parser("check", help="validate scenario files without running them")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--json", action="store_true", help="one JSON object on stdout")
    check.set_defaults(function=_later("regtui.cli.listings", "check"), parser=check)

    catalog = commands.add_parser("catalog", help="every regularizer, model and data set with its parameters")
    catalog.add_argument("--json", action="store_true", help="one JSON object on stdout")
    catalog.set_defaults(function=_later("regtui.cli.listings", "catalog"), parser=catalog)

    run = commands.add_parser("run", help="run a scenario without a screen: progress on stderr, a table on stdout")
    run.add_argument("scenario", nargs="?", help="a preset such as overfitting/ladder, or a TOML file")
    add_what(run, seeds="paired seeds; default: the scenario's, usually 5", arm="only this arm (repeatable)")
    add_own(run)
    add_machine(run)
    run.add_argument(
        "--reveal", action="store_true", help="data of your own: measure the test part at the end, and record when"
    )
    run.add_argument(
        "--detach", action="store_true",
        help="train in a process of its own that outlives the terminal and the link; prints the ids of its runs",
    )  # fmt: skip
    run.add_argument("--announce", type=int, help=argparse.SUPPRESS)
    add_ray(run)
    add_output(run)
    run.set_defaults(function=_later("regtui.cli.run", "run"), parser=run)

    sweep = commands.add_parser(
        "sweep", help="search for a stack: chosen on the validation split, reported once on the test split",
        description="Optuna chooses values on the validation split, the arm as it is among them; the winner is then "
        "compared with that arm on the test split, with paired seeds that the search has not seen; of data of your own "
        "on validation, unless --reveal is given. The same command goes on with a sweep that was cut off, and with a "
        "larger --trials continues it.",
    )  # fmt: skip
    sweep.add_argument("scenario", help="a preset such as overfitting/ladder, or a TOML file")
    sweep.add_argument(
        "--over", action="append", required=True, metavar="KEY=RANGE",
        help="what to search (repeatable): dropout.p=0:0.7, train.lr=1e-4:1e-2:log, train.schedule=cosine,onecycle; a "
        "regularizer that the arm lacks is added",
    )  # fmt: skip
    sweep.add_argument("--trials", type=count, default=50, metavar="N", help="trials that count (default 50)")
    sweep.add_argument("--sampler", choices=("tpe", "random", "grid"), default="tpe", help="default: tpe")
    sweep.add_argument(
        "--pruner", choices=("none", "asha", "hyperband", "median"), default="none",
        help="give hopeless trials up at their evaluation points (default: none)",
    )  # fmt: skip
    sweep.add_argument("--sampler-seed", type=whole, default=0, metavar="N", help="seed of the sampler (default 0)")
    add_what(
        sweep, seeds="paired seeds a trial; their mean counts (default 1)",
        arm="search around this arm (default: the last one)",
    )  # fmt: skip
    add_own(sweep)
    add_machine(sweep)
    sweep.add_argument(
        "--reveal", action="store_true", help="data of your own: report the winner on the test part, and record when"
    )
    add_ray(sweep)
    add_output(sweep)
    sweep.set_defaults(function=_later("regtui.cli.sweep", "sweep"), parser=sweep)

    resume = commands.add_parser(
        "resume", help="go on with runs that were interrupted or stopped",
        description="Go on from the last checkpoint, on a CPU to the same last bit as if nothing had happened. Without "
        "a RUN: with everything that the latest session left unfinished.",
    )  # fmt: skip
    resume.add_argument("runs", nargs="*", metavar="RUN", help="an id, the beginning of one, or a run directory")
    resume.add_argument("--model", metavar="NAME", help="the model of the runs, where it is code of your own")
    resume.add_argument("--data-root", metavar="DIR", help="where torchvision's data sets are (cifar10, mnist, ...)")
    resume.add_argument("--workers", type=count, metavar="N", help="worker processes; default: one a core, at most 8")
    resume.add_argument("--worker", metavar="COMMAND", help="the worker that has the checkpoints; default: one here")
    resume.add_argument("--out", type=Path, metavar="DIR", help="the directory that the runs were stored in")
    resume.add_argument("--json", action="store_true", help="one JSON object on stdout")
    resume.set_defaults(function=_later("regtui.cli.resume", "resume"), parser=resume)

    runs = commands.add_parser("runs", help="list the stored runs")
    runs.add_argument("--out", type=Path, metavar="DIR", help="the directory they were stored in")
    runs.add_argument("--json", action="store_true", help="one JSON object on stdout")
    runs.set_defaults(function=_later("regtui.cli.listings", "runs"), parser=runs)

    stop = commands.add_parser("stop", help="end runs that another process makes: a detached one, another explorer")
    stop.add_argument("runs", nargs="+", metavar="RUN", help=f"{LATEST}, or the folder of a sweep")
    stop.add_argument("--all", action="store_true", help="with them all other runs of the same process")
    stop.add_argument("--out", type=Path, metavar="DIR", help="the directory they are stored in")
    stop.set_defaults(function=_later("regtui.cli.stop", "stop"), parser=stop)

    add_stored(commands, _later)

    export = commands.add_parser(
        "export", help="take stored runs home: CSV, JSON, TensorBoard, an HTML report, a plain PyTorch script",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="columns of the CSV:\n" + "\n".join(f"  {name:<22}{meaning}" for name, meaning in COLUMNS.items()),
    )  # fmt: skip
    export.add_argument("runs", nargs="+", metavar="RUN", help=LATEST)
    export.add_argument("--out", type=Path, metavar="DIR", help="the directory they were stored in")
    export.add_argument("--as", required=True, choices=FORMATS, dest="format", help="json and python take one RUN")
    export.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="where to write; default: stdout for csv and json, regtui-RUN... in this directory for the others",
    )  # fmt: skip
    export.set_defaults(function=_later("regtui.cli.export", "export"), parser=export)

    reveal = commands.add_parser(
        "reveal", help="measure finished runs on the test part of data of your own, and record when",
        description="Runs on data of your own are compared on validation. This measures what finished runs came to on "
        "the test part, once; the figure and its time stay in the record of the run.",
    )  # fmt: skip
    reveal.add_argument("runs", nargs="+", metavar="RUN", help=LATEST)
    reveal.add_argument("--model", metavar="NAME", help="the model of the runs, where it is code of your own")
    reveal.add_argument("--out", type=Path, metavar="DIR", help="the directory they were stored in")
    reveal.add_argument("--worker", metavar="COMMAND", help="where their checkpoints are; default: this machine")
    reveal.add_argument("--json", action="store_true", help="one JSON object on stdout")
    reveal.set_defaults(function=_later("regtui.cli.reveal", "reveal"), parser=reveal)

    bench = commands.add_parser(
        "bench", help="how fast this machine trains: the engine against a plain PyTorch loop",
        description="Time the engine against a plain PyTorch loop on this machine: short slices of both in turns, "
        "medians of their ratios with 95 % intervals, by the clock and in CPU time; and the explorer in a terminal of "
        "its own. Takes some minutes; let nothing else run meanwhile.",
    )  # fmt: skip
    bench.add_argument("--device", default="auto", type=device, help="auto (default), cpu, cuda or cuda:N")
    bench.add_argument("--quick", action="store_true", help="fewer and shorter slices: rougher figures in less time")
    bench.add_argument("--json", action="store_true", help="one JSON object on stdout")
    bench.set_defaults(function=_later("regtui.cli.bench", "bench"), parser=bench)

    doctor = commands.add_parser("doctor", help="what works on this machine, and what to do about what does not")
    doctor.add_argument("--worker", metavar="COMMAND", help="examine this worker instead of the local one")
    doctor.add_argument("--json", action="store_true", help="one JSON object on stdout")
    doctor.set_defaults(function=_later("regtui.cli.doctor", "doctor"), parser=doctor)

    add_serve(commands, _later)

    completion = commands.add_parser(
        "completion", help="completion for your shell: commands, options, scenarios, arms, runs",
        description='Prints lines for the shell; eval "$(regtui completion bash)" in its start file switches them on '
        "(zsh: the same; fish: regtui completion fish | source).",
    )  # fmt: skip
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    completion.set_defaults(function=_later("regtui.cli.completion", "completion"), parser=completion, so_far=None)

    commands.add_parser("worker", help="the training side of the protocol, on stdin and stdout")
    return parser


def parse(words: list[str]) -> argparse.Namespace:
    """The options of a command line; exits with code 2 and the usage of the command itself for a wrong one."""
    so_far: list[str] | None = None
    if words[:1] == ["completion"] and "--" in words:  # unfinished words, which are not ours to parse
        at = words.index("--")
        words, so_far = words[:at], words[at + 1 :]
    arguments, unknown = build_parser().parse_known_args(words)
    if unknown:
        hint = meant(arguments, words, unknown, COMMANDS)
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    arguments.words = words
    if so_far is not None:
        arguments.so_far = so_far
    return arguments


def _later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    def call(arguments: argparse.Namespace) -> int:
        return int(getattr(importlib.import_module(module), function)(arguments))

    return call
