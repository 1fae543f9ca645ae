"""The whole benchmark: everything in turns, slice by slice, and all of that in some rounds."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from regtui import itself, machine
from regtui.bench import arms
from regtui.bench.history import SHORT, History
from regtui.bench.protocol import BenchError, Ready, Settled, Sizes, Spent, sizes_for
from regtui.bench.quiet import Quiet
from regtui.bench.racing import Traffic, headless, live, race
from regtui.bench.report import Besides, Memory, Report, report
from regtui.bench.slices import Slice, Turn, in_turns
from regtui.bench.workers import Workers
from regtui.runner import default_workers

Answer = TypeVar("Answer", Ready, Settled, Spent)


async def measure(device: str, tell: Callable[[str], None], *, quick: bool, sizes: Sizes | None = None) -> Report:
    """Measure this machine.

    device  auto, cpu, cuda or cuda:N
    tell    hears a sentence for each stretch of waiting
    sizes   how much is measured; None: what fits the device

    Raises BenchError, with a sentence for people, where something cannot be measured.
    """
    load, quiet = machine.load(), Quiet()
    await quiet.rest()
    tell("loading PyTorch")
    async with _stepper(device) as stepper, _store() as store:
        ready = await stepper.hear(Ready)
        sizes = sizes or sizes_for(ready.device, quick=quick)
        tell(f"finding the best DataLoader for {ready.label}")
        stepper.say(msgspec.json.encode(sizes))
        settled = await stepper.hear(Settled)
        tell("looking at the screen")
        screen, without_screen = await _screen(device, quick=quick)
        workers = Workers(default_workers() if ready.device == "cpu" else 1, store)
        try:
            tell("starting workers")
            hello = await workers.start()
            histories, traffic, turns = (History(SHORT), History(sizes.history_steps)), Traffic(), list[Turn]()
            groups = _groups(stepper, settled, workers, sizes, ready.device, store, histories, traffic)
            for number in range(1, sizes.rounds + 1):
                tell(f"round {number} of {sizes.rounds}")
                await quiet.rest()
                for ways, times in groups:
                    turns += await in_turns(ways, times)
            memory = Memory(machine.resident(), max(map(machine.resident, workers.pids)))
        finally:
            await workers.end()
    besides = Besides(workers.count, hello, memory, load, quiet.disturbance(), traffic, screen, without_screen)
    return report(ready, settled, sizes, turns, besides)


def _groups(
    stepper: _Stepper, settled: Settled, workers: Workers, sizes: Sizes, device: str, store: Path,
    histories: tuple[History, History], traffic: Traffic,
) -> list[tuple[dict[str, Slice], int]]:  # fmt: skip
    """What is compared with each other, neighbours first, and how many turns of it make a round."""
    graph = [] if settled.without_graph else ["graph"]
    bf16 = [] if settled.without_bf16 else ["engine_bf16"]

    def steps(*ways: str) -> dict[str, Slice]:
        return {way: partial(stepper.slice, way) for way in ways}

    raced = {way: partial(race, workers, arms.race(sizes), device, at_once=way == "together")
             for way in ("serial", "together")}  # fmt: skip
    seen, unseen = (arms.watched(sizes, probes=probes) for probes in (True, False))
    watched: dict[str, Slice] = {
        "live": partial(live, workers, seen, device, store, traffic),
        "headless": partial(headless, workers, unseen, device),
    }
    short, long = histories
    drawn: dict[str, Slice] = {"short": short.slice, "long": long.slice}
    return [
        (steps(*graph, "bare", "engine", "loader", *bf16), sizes.slices),
        (steps("engine_randaugment", "loader_randaugment"), sizes.slices),
        (raced | steps("loader"), sizes.races),
        (watched, sizes.looks),
        (drawn, sizes.draws),
    ]


async def _screen(device: str, *, quick: bool) -> tuple[dict[str, Any] | None, str]:
    """The figures of the screen, or why there are none."""
    try:
        from regtui.bench.screen import LOOKS, QUICK, measure_screen
    except ImportError:  # no pseudo-terminals on this system
        return None, "to look at the screen takes pseudo-terminals, which this system has none of"
    try:
        return await asyncio.to_thread(measure_screen, device, QUICK if quick else LOOKS), ""
    except BenchError as error:
        return None, str(error)


class _Stepper:
    """The process that takes steps, seen from here."""

    def __init__(self, process: asyncio.subprocess.Process, complaints: IO[bytes]) -> None:
        self._process, self._complaints = process, complaints

    def say(self, line: bytes) -> None:
        """Send the sizes, or the name of a way of training."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its end is noticed by who hears
            self._process.stdin.write(line + b"\n")

    async def slice(self, way: str) -> Spent:
        """A slice of training in one way. Raises BenchError where it cannot be taken."""
        self.say(way.encode())
        return await self.hear(Spent)

    async def hear(self, kind: type[Answer]) -> Answer:
        """The next answer. Raises BenchError where there is none."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            code = await self._process.wait()
            self._complaints.seek(0)
            said = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
            raise BenchError(said[-1] if said else f"The process that takes steps ended with status {code}.")
        return msgspec.json.decode(line, type=kind)


@contextlib.asynccontextmanager
async def _stepper(device: str) -> AsyncIterator[_Stepper]:
    pipe = asyncio.subprocess.PIPE
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            *itself.module("regtui.bench.stepper", device),
            stdin=pipe, stdout=pipe, stderr=complaints, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        try:
            yield _Stepper(process, complaints)
        finally:
            if process.returncode is None:
                process.kill()
            process.stdin.close()
            await process.wait()


@contextlib.asynccontextmanager
async def _store() -> AsyncIterator[Path]:
    """A run store of its own: what a benchmark trains is no run of the user's."""
    with tempfile.TemporaryDirectory(prefix="regtui-bench-") as folder:
        yield Path(folder)
