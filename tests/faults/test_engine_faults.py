"""The real worker short of memory, and exceptions of every kind in its loop: events, sentences, and it serves on."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtui import commands, events
from regtui.commands import RunRequest, Start
from regtui.events import TERMINAL_EVENTS, AnyEvent, Failed, Finished, Hello, Steps
from regtui.spec import DataSpec, ModelSpec, RunSpec, TrainSpec

ROOT = Path(__file__).parents[2]
TINY = RunSpec(
    scenario="s", arm="a", seed=0, data=DataSpec(train=40, validation=20, test=20),
    model=ModelSpec(name="mlp", params={"width": 4, "depth": 1}),
    train=TrainSpec(epochs=1, batch_size=20, evaluations=1, probes=0),
)  # fmt: skip
HUGE = RunSpec(
    scenario="s", arm="huge", seed=0, data=DataSpec(train=1500, validation=20, test=20),
    model=ModelSpec(name="mlp", params={"width": 65_536, "depth": 4}),
    train=TrainSpec(epochs=1, batch_size=1500, evaluations=1, probes=0),
)  # fmt: skip
"""Three square weight matrices of 17 GB each."""

BROKEN = """
import sys
import torch
from regtui import worker
from regtui.engine import loop

ERRORS = {
    "cuda": lambda: torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    "cpu": lambda: RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
    "bare": lambda: KeyError(),
    "escape": lambda: RuntimeError("\\x1b[2J" + "x" * 5000 + "\\n at line 3"),
    "device": lambda: RuntimeError("CUDA error: device-side assert triggered"),
}

def turns(request, emit, control, store):
    if request.run in ERRORS:
        raise ERRORS[request.run]()
    yield from real(request, emit, control, store)

real, loop.turns = loop.turns, turns
sys.exit(worker.main(sys.argv[1:]))
"""


class Worker:
    """A worker that is asked for one run after the other."""

    def __init__(self, store: Path, *words: str, memory: int | None = None) -> None:
        def limit() -> None:
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, *words, "--store", str(store)], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL,
            cwd=ROOT, preexec_fn=limit,
        )  # fmt: skip

    def next(self) -> AnyEvent:
        assert self.process.stdout
        return events.decode(self.process.stdout.readline())

    def run(self, run: str, spec: RunSpec) -> list[AnyEvent]:
        assert self.process.stdin
        self.process.stdin.write(commands.encode(Start(runs=[RunRequest(run=run, spec=spec)])))
        self.process.stdin.flush()
        said = [self.next()]
        while not isinstance(said[-1], TERMINAL_EVENTS):
            said.append(self.next())
        return said


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(*words: str, memory: int | None = None) -> Worker:
        workers.append(Worker(tmp_path, *words, memory=memory))
        assert isinstance(workers[-1].next(), Hello)
        return workers[-1]

    yield start
    for worker in workers:
        worker.process.kill()
        worker.process.communicate()


def test_every_exception_of_the_loop_is_an_event_and_the_worker_serves_on(started: Callable[..., Worker]) -> None:
    worker = started("-c", BROKEN)
    for run in ("cuda", "cpu"):
        (failed,) = worker.run(run, TINY)
        assert isinstance(failed, Failed) and failed.kind == "out-of-memory" and "batch_size" in failed.hint
    for run in ("bare", "escape", "device"):
        (failed,) = worker.run(run, TINY)
        assert isinstance(failed, Failed) and failed.message and "Traceback" not in failed.message
        assert failed.message.isprintable() and len(failed.message) < 500, "one sentence for a screen"
        assert "Traceback" in Path(failed.traceback).read_text()
    assert isinstance(worker.run("good", TINY)[-1], Finished)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_AS")
def test_a_worker_without_enough_memory_says_so_and_makes_a_smaller_run(started: Callable[..., Worker]) -> None:
    worker = started("-m", "regtui.worker", memory=12 << 30)
    (failed,) = worker.run("huge", HUGE)
    assert isinstance(failed, Failed) and failed.kind == "out-of-memory" and failed.hint
    said = worker.run("small", TINY)
    assert isinstance(said[-1], Finished) and any(isinstance(event, Steps) for event in said)
