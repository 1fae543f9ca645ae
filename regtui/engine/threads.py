"""How many CPU threads a run trains with, where it leaves that to the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import msgspec
import torch

from regtui import machine
from regtui.engine.training import Training
from regtui.spec import RunSpec

WARM_UP = 2
"""Steps taken with each number of threads before any is timed: the first ones start the threads and reserve memory."""
TIMED = 5
"""Steps timed with each number of threads; their median counts."""
GAIN = 0.05
"""Part of a step's time that more threads must save. They change the last bits, so a tie goes to fewer of them."""

TakeStep = Callable[[], object]


def settle(
    spec: RunSpec, stepper: Callable[[Training], TakeStep], *, clock: Callable[[], float] = time.perf_counter
) -> RunSpec:
    """The spec with a number of threads.

    stepper  gives what takes one step of a training, as the run itself would take it
    clock    seconds

    "auto" is settled by timing real steps of a training that is then thrown away, so the run itself begins afresh.
    A run on a GPU gets one thread: its steps wait for launches, which a single thread makes.
    Raises ValueError, as Training does, for a spec that cannot be built.
    """
    if spec.threads != "auto":
        return spec
    training = Training(msgspec.structs.replace(spec, threads=1))
    if training.device.type != "cpu":
        return training.spec
    step = stepper(training)
    times = {threads: _median(step, threads, clock) for threads in candidates(machine.cores())}
    torch.set_num_threads(1)
    return msgspec.structs.replace(spec, threads=fewest(times))


def candidates(cores: int) -> tuple[int, ...]:
    """One, half of the cores and all of them, each number once, rising."""
    return tuple(sorted({1, max(cores // 2, 1), cores}))


def fewest(times: dict[int, float]) -> int:
    """The number of threads to train with, from the seconds a step by number of threads.

    It is the smallest whose steps take at most 5 % longer than the quickest ones.
    """
    quickest = min(times.values())
    return min(threads for threads, seconds in times.items() if seconds * (1 - GAIN) <= quickest)


def _median(step: TakeStep, threads: int, clock: Callable[[], float]) -> float:
    torch.set_num_threads(threads)
    for _ in range(WARM_UP):
        step()
    seconds = []
    for _ in range(TIMED):
        began = clock()
        step()
        seconds.append(clock() - began)
    return statistics.median(seconds)
