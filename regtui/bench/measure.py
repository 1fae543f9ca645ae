"""The whole benchmark: everything in turns, round by round."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from regtui import machine
from regtui.bench import arms
from regtui.bench.history import SHORT, History, medians
from regtui.bench.protocol import BenchError, Ready, Round, Settled, Sizes, sizes_for
from regtui.bench.racing import Raced, Watched, race, watch
from regtui.bench.report import Memory, Report, Turn, report
from regtui.bench.workers import Workers
from regtui.runner import default_workers

Answer = TypeVar("Answer", Ready, Settled, Round)


async def measure(device: str, tell: Callable[[str], None], *, quick: bool, sizes: Sizes | None = None) -> Report:
    """Measure this machine.

    device  auto, cpu, cuda or cuda:N
    tell    hears a sentence for each stretch of waiting
    sizes   how much is measured; None: what fits the device

    Raises BenchError, with a sentence for people, where something cannot be measured.
    """
    load = machine.load()
    tell("loading PyTorch")
    async with _stepper(device) as stepper, _store() as store:
        ready = await stepper.hear(Ready)
        sizes = sizes or sizes_for(ready.device, quick=quick)
        tell(f"finding the best DataLoader for {ready.label}")
        stepper.say(sizes)
        settled = await stepper.hear(Settled)
        tell("looking at the screen")
        screen, without_screen = await _screen(device, quick=quick)
        workers = Workers(default_workers() if ready.device == "cpu" else 1, store)
        try:
            tell("starting workers")
            hello = await workers.start()
            histories, turns = (History(SHORT), History(sizes.history_steps)), []
            for number in range(1, sizes.rounds + 1):
                tell(f"round {number} of {sizes.rounds}")
                stepper.say(None)
                steps = await stepper.hear(Round)
                turns.append(await _turn(steps, workers, sizes, ready.device, store, histories))
            memory = Memory(machine.resident(), max(map(machine.resident, workers.pids)))
        finally:
            await workers.end()
    return report(ready, settled, sizes, turns, workers=workers.count, hello=hello, memory=memory, load=load,
                  screen=screen, without_screen=without_screen)  # fmt: skip


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


async def _turn(
    steps: Round, workers: Workers, sizes: Sizes, device: str, store: Path, histories: tuple[History, History]
) -> Turn:
    raced: Raced = await race(workers, arms.race(sizes), device)
    live, headless = (arms.watched(sizes, probes=probes) for probes in (True, False))
    watched: Watched = await watch(workers, live, headless, device, store)
    short, long = medians(histories, sizes.draws)
    return Turn(steps, raced, watched, short=short, long=long)


class _Stepper:
    """The process that takes steps, seen from here."""

    def __init__(self, process: asyncio.subprocess.Process, complaints: IO[bytes]) -> None:
        self._process, self._complaints = process, complaints

    def say(self, sizes: Sizes | None) -> None:
        """Send the sizes, or ask for another round."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its end is noticed by who hears
            self._process.stdin.write((msgspec.json.encode(sizes) if sizes else b"round") + b"\n")

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
            sys.executable, "-m", "regtui.bench.stepper", device,
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
