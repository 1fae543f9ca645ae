"""The worker's entry: sets the process up before torch is imported, then serves.

The protocol gets file descriptors of its own first. What anything else prints, native code included, then lands on
stderr, and nothing but the protocol reads commands.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from regtui import paths


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the end of input, then end the process: 0, 2 for wrong usage, 128 + the signal that told it to go."""
    parser = argparse.ArgumentParser(
        prog="regtui worker", description="Train what is asked for on stdin, report on stdout; ends with its input."
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="folder of checkpoints and logs (default: the run store)"
    )
    parser.add_argument(
        "--behind-screen", action="store_true", help="leave the CPU to the explorer on this machine where it wants it"
    )
    parser.add_argument("--data-root", metavar="DIR", help="folder of torchvision's data sets")
    parser.add_argument("--download", action="store_true", help="let torchvision fetch what is not there")
    parser.add_argument(
        "--rank-timeout", type=float, default=120.0, metavar="SECONDS",
        help="under torchrun: how long the processes wait for each other within a step (default 120)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    store: Path = options.store or paths.runs_dir()
    paths.set_datasets(options.data_root, download=options.download)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # also where a parent ignores it: it says that the parent is dead
    follows = "TORCHELASTIC_RUN_ID" in os.environ and os.environ["RANK"] != "0"
    die_with_parent(signal.SIGKILL if follows else signal.SIGTERM)  # a rank that follows has nothing to save
    if options.behind_screen:
        from regtui.priority import step_back

        step_back()
    commands, events = take_stdio()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the explorer, which then ends us
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends us after the grace, also where a parent ignores it
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two shared cores: one thread is faster than two, and exact

    gc.disable()
    from regtui.engine import serve  # imports torch, which takes seconds, and a fifth less of them uncollected

    gc.freeze()  # what was imported stays: no collection during the training looks through it again
    gc.enable()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        code = _serve_together(commands, events, store, options.rank_timeout)
    else:
        code = serve.serve(commands, events, store)
    sys.stderr.flush()
    os._exit(code)  # a torch interpreter takes 0.6 s to be taken down in an orderly way, and has nothing left to save


def _serve_together(commands: int, events: int, store: Path, rank_timeout: float) -> int:
    """Serve as one of the processes that torchrun has started: rank 0 speaks the protocol, the others do as it says."""
    leads = os.environ["RANK"] == "0"
    if not leads:  # all have been given the same pipes
        os.close(commands)
        os.close(events)
    from regtui.engine import serve, shared
    from regtui.engine.group import Group

    group = Group(rank_timeout)
    return serve.serve(commands, events, store, group) if leads else shared.follow(group)


def take_stdio() -> tuple[int, int]:
    """Move stdin and stdout to private descriptors; 0 then reads nothing and 1 writes to stderr."""
    sys.stdout.flush()
    commands, events = os.dup(0), os.dup(1)  # not inheritable
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, events


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """On Linux the kernel sends this process a signal when its parent dies, however that happens.

    SIGTERM lets a run that is being made have a second in which it writes its checkpoint. A process that was held
    (SIGSTOP) goes at a SIGKILL alone.

    "Parent" is the thread that started the worker: it must be one that lives as long as its process. Elsewhere the end
    of input has to do.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent, pr_set_pdeathsig = os.getppid(), 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, number)
    if os.getppid() != parent:  # it died before the kernel knew
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
