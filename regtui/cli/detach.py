"""`regtui run --detach`: the same command in a process of its own, which outlives the terminal and the link."""

from __future__ import annotations

import argparse
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from regtui import itself
from regtui.cli.output import counted, print_json
from regtui.commands import RunRequest
from regtui.paths import detached_dir

SOON = 3.0
"""Seconds in which most runs have begun: less than it takes to resize a large folder of pictures."""


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What the detached process tells the one that started it."""

    pid: int
    runs: list[str]
    """Ids, seed by seed."""
    directory: str
    """The run store."""


def announcer(arguments: argparse.Namespace, store: Path) -> Callable[[Sequence[RunRequest]], None] | None:
    """How a detached process tells its runs; None in any other. From here on it survives a hangup."""
    if arguments.announce is None:
        return None
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def announce(requests: Sequence[RunRequest]) -> None:
        told = Announced(pid=os.getpid(), runs=[request.run for request in requests], directory=str(store.resolve()))
        with os.fdopen(arguments.announce, "wb") as pipe:
            pipe.write(msgspec.json.encode(told))

    return announce


def _announced(fd: int, log: Path) -> bytes:
    """What the process announces, "" where it ended before; whoever waits long is told where it says what it does."""
    with os.fdopen(fd, "rb") as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(SOON):
            print(f"regtui: it is getting ready; what it says meanwhile: {log}", file=sys.stderr)
        return pipe.read()


def detach(arguments: argparse.Namespace) -> int:
    """Start the process, wait until it has begun its runs, and say which they are and where.

    Its output goes to a log file. Where it ends before it has begun, its last words and its exit code are ours.
    """
    folder = detached_dir()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.log"
        log = path.open("xb")
    except OSError as error:
        print(f"regtui run: {folder} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    ours, theirs = os.pipe()
    with log:
        process = subprocess.Popen(
            itself.command(*arguments.words, "--announce", str(theirs)),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(theirs,), start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    try:
        told = _announced(ours, path)
    except KeyboardInterrupt:  # nobody knows of its runs, so none must go on
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        print("regtui: interrupted; nothing was detached", file=sys.stderr)
        raise
    if not told:
        code = process.wait()
        sys.stderr.write(path.read_text(encoding="utf-8", errors="replace"))
        path.unlink(missing_ok=True)
        return code or 1
    found = msgspec.json.decode(told, type=Announced)
    if arguments.json:
        print_json({**msgspec.to_builtins(found), "log": str(path)})
        return 0
    print("\n".join(found.runs))
    one, first = len(found.runs) == 1, found.runs[0]
    print(
        f"{counted(len(found.runs), 'run')} detached (process {found.pid}) in {found.directory}\n"
        f"what it says: {path}\n"
        f"regtui runs shows {'it' if one else 'them'}; regtui stop {first}{'' if one else ' --all'} ends "
        f"{'it' if one else 'them'}",
        file=sys.stderr,
    )
    return 0
