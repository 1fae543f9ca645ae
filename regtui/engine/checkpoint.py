"""Checkpoints from which a run goes on as if it had never stopped: on a CPU to the same last bit.

All is in one safetensors file: tensors, and a JSON text in its metadata for the rest. `checkpoint.json` repeats that
text for people and other programs and is never read here, so the two cannot contradict each other in a resume. Nothing
in these files can execute code when it is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from regtui.engine.training import Training
from regtui.modes import Mode
from regtui.spec import spec_hash

FORMAT = 1
TENSORS, REST = "checkpoint.safetensors", "checkpoint.json"
QUICK_BYTES = 64 << 20
"""What can be written within the second that a worker has after the end of its input."""
SYSTEM_SAID = re.compile(r'I/O error: (.+) \(os error|message: "(.+)"')
"""Where it stands in an error of safetensors; in the second way before version 0.6."""


class Rest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is no tensor."""

    format: int
    spec_hash: str
    step: int
    """Steps done; epoch, position in the epoch and place in the schedule follow from it."""
    seconds: float
    """Training time so far, pauses and evaluations excluded."""
    lr: float
    """Peak learning rate, as steered."""
    steered: dict[str, float]
    """Last value of everything that was changed while the run trained."""
    torch: str
    mode: Mode = "train"
    """In which the steps were taken last."""
    studied: dict[str, float] = {}
    """What studies of the network as it began have found."""
    ranks: int | None = None
    """Processes that trained it together; None in a checkpoint that does not say."""
    threads: int | None = None
    """CPU threads of each; None in a checkpoint that does not say."""


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged or of another run; the message names the file."""


def save(training: Training, seconds: float, directory: Path) -> Path:
    """Replace the checkpoint in a directory. Raises OSError where it cannot be written."""
    rest = Rest(
        format=FORMAT,
        spec_hash=spec_hash(training.spec),
        step=training.step,
        seconds=seconds,
        lr=training.lr.peak,
        steered=training.steered,
        torch=str(torch.__version__),
        mode=training.mode,
        studied=training.studied,
        ranks=training.ranks.world,
        threads=training.threads,
    )
    text = msgspec.json.encode(rest)
    tensors = _portable(_state(training))
    path = directory / TENSORS
    _replace(path, lambda new: _write(tensors, new, text.decode()))
    _replace(directory / REST, lambda new: new.write_bytes(msgspec.json.format(text, indent=2)))
    return path


def resume(training: Training, directory: Path) -> float:
    """Restore a run that is to go on as if it had never stopped; gives the seconds trained so far.

    Raises CheckpointError as `restore` does, and for a run that another number of processes has made: each of them
    normalizes its own part of a batch, and even without norms the sums of gradients would be others.
    """
    return restore(training, directory, ranks=training.ranks.world)


def restore(training: Training, directory: Path, *, ranks: int | None = None) -> float:
    """Put a training that has just been built where its checkpoint is; gives the seconds trained so far.

    ranks  the processes that must have made it; None: what it holds is only measured

    Raises CheckpointError for a checkpoint that is missing, damaged, of another spec or of other processes.
    """
    path = directory / TENSORS
    if not path.exists():
        raise CheckpointError(f"there is no checkpoint to go on from: {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            rest = _rest(file)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not iterable
    except (SafetensorError, msgspec.DecodeError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if rest.format != FORMAT or rest.spec_hash != spec_hash(training.spec):
        raise CheckpointError(
            f"{path} is of another run: its spec is {rest.spec_hash}, this one's {spec_hash(training.spec)}"
        )
    if ranks is not None and rest.ranks not in (None, ranks):
        raise CheckpointError(_of_others(path, rest.ranks, ranks))
    try:
        _load(training, tensors)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not fit the run: {error}") from error
    training.step, training.lr.peak = rest.step, rest.lr
    training.switch_to(rest.mode)
    training.steered.update(rest.steered)
    training.studied.update(rest.studied)
    return rest.seconds


def threads(directory: Path) -> int | None:
    """CPU threads that the run in a directory was trained with: another number would change the last bits. None where
    no checkpoint says so."""
    try:
        with safe_open(directory / TENSORS, framework="pt") as file:
            return _rest(file).threads
    except (SafetensorError, msgspec.DecodeError, OSError):  # `restore` says what is amiss
        return None


def _rest(file: Any) -> Rest:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode((file.metadata() or {}).get("rest", ""), type=Rest)


def _of_others(path: Path, had: int, has: int) -> str:
    by = f"{had} processes together" if had > 1 else "a single process"
    now = f"this worker is {has} processes" if has > 1 else "this worker is a single one"
    how = f'--worker "torchrun --nproc-per-node {had} -m regtui worker"' if had > 1 else "a worker without torchrun"
    return (
        f"{path} was made by {by}, and {now}: the parts of a batch would be others, and with them the statistics of "
        f"BatchNorm and the last bits of every step. Go on with {how}"
    )


def is_quick(training: Training) -> bool:
    """Whether a checkpoint is small enough to be written while the worker is being ended."""
    return sum(tensor.nbytes for _, tensor in _state(training)) <= QUICK_BYTES


def _state(training: Training) -> Iterator[tuple[str, Tensor]]:
    """Every tensor that decides how the run goes on, by a name that says where it belongs."""
    model, optimizer = training.model, training.optimizer
    for name, parameter in model.named_parameters():
        yield f"parameter/{name}", parameter
        for key, value in optimizer.state.get(parameter, {}).items():
            yield f"optimizer/{name}/{key}", value
    for name, buffer in model.named_buffers():
        yield f"buffer/{name}", buffer
    for purpose, state in training.randomness.state().items():
        yield f"generator/{purpose}", state
    for name, value in training.stack.state().items():
        yield f"stack/{name}", value
    yield "order", training.order


@torch.no_grad()
def _load(training: Training, tensors: dict[str, Tensor]) -> None:
    def below(prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

    for name, parameter in training.model.named_parameters():
        parameter.copy_(tensors[f"parameter/{name}"])
        training.optimizer.state[parameter] = {
            key: _like(parameter, value) for key, value in below(f"optimizer/{name}/").items()
        }
    for name, buffer in training.model.named_buffers():
        buffer.copy_(tensors[f"buffer/{name}"])
    training.randomness.load_state(below("generator/"))
    training.stack.load_state({name: value.to(training.device) for name, value in below("stack/").items()})
    training.order = tensors["order"].to(training.device)


def _like(parameter: Tensor, saved: Tensor) -> Tensor:
    """Optimizer state on the device; averages get the memory layout of their parameter, as the fused kernels expect."""
    if saved.shape != parameter.shape:
        return saved.to(parameter.device)
    return torch.empty_like(parameter).copy_(saved)


def _portable(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors on the CPU, each in memory of its own: a file of safetensors can have them in no other way, and in a
    network of the user's own one buffer may be a part of another."""
    found, taken = {}, set()
    for name, tensor in tensors:
        portable = tensor.detach().cpu().contiguous()
        if (place := portable.untyped_storage().data_ptr()) in taken:
            portable = portable.clone()
        taken.add(place)
        found[name] = portable
    return found


def _write(tensors: dict[str, Tensor], path: Path, rest: str) -> None:
    """Raises OSError. safetensors has an error of its own for a full disk; what the system said stands inside."""
    try:
        save_file(tensors, path, metadata={"rest": rest})
    except SafetensorError as error:
        said = SYSTEM_SAID.search(str(error))
        raise OSError(said[1] or said[2] if said else str(error)) from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name and move it into place, so that no reader sees half of it."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        write(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
