"""The commands. Nothing heavy is imported before the command that needs it is known.

Exit codes: 0 done; 1 a run failed; 2 wrong usage or a bad scenario; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["worker"]:
        # Before argparse and everything else: the worker moves file descriptors before anything can print.
        from regtui.worker import main as worker

        return worker(words[1:])
    try:
        return _obey(words)
    except KeyboardInterrupt:  # also while the modules of a command load
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`regtui runs | head`); nobody is left to be told.
        sys.stderr.close()
        return OK


def _obey(words: list[str]) -> int:
    from regtui.cli.parser import parse
    from regtui.machine import allow_many_files
    from regtui.scenario.errors import ScenarioError

    _open_what_is_closed()
    _never_fail_to_print()
    allow_many_files()
    try:
        arguments = parse(_with_command(words))
        return int(arguments.function(arguments))
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return USAGE


def _with_command(words: list[str]) -> list[str]:
    """`regtui ladder` and `regtui --device cpu` mean the explorer, `regtui help run` means `regtui run --help`."""
    from regtui.cli.parser import COMMANDS

    if words[:1] == ["help"]:
        return [*words[1:2], "--help"]
    if words[:1] in (["-h"], ["--help"], ["--version"]) or (words and words[0] in COMMANDS):
        return words
    return ["explore", *words]


def _open_what_is_closed() -> None:
    """A standard stream that a shell has closed (2>&-) leads nowhere, and no file of ours is taken for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # for good


def _never_fail_to_print() -> None:
    """An output that cannot show ± shows a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
