"""What a run would take of time and memory, from some real steps of a training that is then thrown away."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from regtui import machine
from regtui.commands import Probe
from regtui.engine import devices, graphs
from regtui.engine.loop import stepper
from regtui.engine.metrics import evaluate
from regtui.engine.training import Training
from regtui.events import Cost
from regtui.spec import RunSpec, evaluation_steps

STEPS = 3
"""Steps that are timed."""


def steps_before(device: torch.device) -> int:
    """Steps that are not timed: the first one reserves memory and starts threads; on a GPU the first ones warm up a
    CUDA graph, and the next one captures it."""
    return graphs.WARM_UP + 1 if device.type == "cuda" else 1


def cost(probe: Probe) -> Cost:
    """Estimate the run of a spec. Raises ValueError, as Training does, for one that cannot be built."""
    spec = probe.spec
    device = devices.resolve(spec.device)
    free = _free(device)
    # A graph cannot be captured on the stream that everybody shares.
    with devices.Stream(spec.device).use(), torch.random.fork_rng(devices=[]):
        training = Training(spec)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        held = _held(device)
        seconds = _seconds(training, spec)
    most = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else machine.resident()
    weights = sum(parameter.nbytes for parameter in training.model.parameters())
    states = 2 if spec.train.optimizer == "adamw" else 1
    return Cost(
        ask=probe.ask, seconds=round(seconds, 3), weights=weights * (2 + states), data=_data_bytes(training),
        step=max(most - held, 0), free=free, device=str(device),
    )  # fmt: skip


def _seconds(training: Training, spec: RunSpec) -> float:
    """Of the whole run: its steps, and the evaluations by the samples that they pass."""
    step, task = stepper(training), training.task
    for _ in range(steps_before(training.device)):
        step()
    _wait(training.device)
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    _wait(training.device)
    each = (time.perf_counter() - began) / STEPS
    batch = spec.train.evaluation_batch
    sample = task.clean.inputs[:batch]
    training.model.eval()
    began = time.perf_counter()
    evaluate(training.model, sample, (task.clean.labels[:batch],), batch)
    _wait(training.device)
    per_sample = (time.perf_counter() - began) / len(sample)
    passed = len(task.clean.labels) + sum(
        len(split.labels) for split in (task.validation, task.test) if split is not None
    )
    return each * spec.total_steps + per_sample * passed * len(evaluation_steps(spec))


def _data_bytes(training: Training) -> int:
    task = training.task
    splits = [split.inputs for split in (task.train, task.validation, task.test) if split is not None]
    return sum(inputs.nbytes for inputs in splits if isinstance(inputs, Tensor))


def _free(device: torch.device) -> int:
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else machine.available_memory()


def _held(device: torch.device) -> int:
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else machine.resident()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
