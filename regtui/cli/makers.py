"""Who makes the runs of a command without a screen: worker processes, or the tasks of a Ray cluster."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from regtui.cli.machine import crowding, worker_command, worker_count
from regtui.commands import Probe, RunRequest
from regtui.runner import Runner
from regtui.runner.reports import Report
from regtui.scenario.errors import Problem, ScenarioError

T = TypeVar("T")


class Maker(Protocol):
    """What `regtui run` and `regtui sweep` need of a runner."""

    def submit(self, requests: Iterable[RunRequest]) -> None: ...
    def probe(self, probe: Probe) -> None: ...
    def stop(self, runs: Iterable[str] | None = None) -> None: ...
    async def close(self) -> None: ...


MakerFactory = Callable[[Callable[[Report], None]], tuple[Maker, Callable[[], int]]]
"""Makes a runner that delivers to the given function, and tells how many runs it has room for at once."""


def workers(command: list[str], count: int) -> MakerFactory:
    """Processes of one command."""
    return lambda deliver: (Runner(command, deliver, workers=count), lambda: count)


def maker_factory(arguments: argparse.Namespace, store: Path, *, reveals: bool) -> MakerFactory:
    """Workers as the options ask for them, or, with --ray, the cluster, joined now.

    reveals  the weights that runs end with will be measured once more, on the test part of own data

    Raises ScenarioError for a worker command or a cluster that cannot be.
    """
    if arguments.ray is None:
        command, count = worker_command(arguments, store), worker_count(arguments)
        if sentence := crowding(arguments):
            print(f"regtui: {sentence}", file=sys.stderr)
        return workers(command, count)
    for option in ("worker", "workers"):
        if getattr(arguments, option) is not None:
            raise ScenarioError(f"--{option}", [Problem("", "cannot be given with --ray: the cluster has the workers")])
    from regtui.cluster.connect import connect

    cluster = connect(arguments.ray, device=arguments.device, threads=arguments.threads)
    if reveals and not cluster.is_here:
        sentence = "has nodes elsewhere, which keep no weights: the test part of own data cannot be measured there"
        raise ScenarioError("--ray", [Problem(arguments.ray, sentence)])
    print(f"regtui: {cluster}", file=sys.stderr)
    own = [text for text in (arguments.data, arguments.model) if text] + ["--data-root"] * bool(arguments.data_root)
    if own and not cluster.is_here:
        print(f"regtui: every node reads {' and '.join(own)} from its own disk, at the same path", file=sys.stderr)

    def make(deliver: Callable[[Report], None]) -> tuple[Maker, Callable[[], int]]:
        from regtui.cluster.runner import RayRunner

        runner = RayRunner(cluster, deliver, store)
        return runner, lambda: runner.room

    return make


def to_its_end(coroutine: Coroutine[Any, Any, T], ray: str | None) -> T:
    """Run it to its end. What Ray prints to stdout, on a thread of its own, is dropped: what matters we say."""
    aside = contextlib.nullcontext() if ray is None else contextlib.redirect_stdout(io.StringIO())
    with aside:
        return asyncio.run(coroutine)
