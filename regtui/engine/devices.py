"""Which devices there are, and how each is set up so that a run gives the same numbers every time."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch

from regtui import machine
from regtui.events import Device

CPU = torch.device("cpu")


def gpus() -> int:
    """How many GPUs PyTorch can use. The driver may show more: one that is too old for this PyTorch is counted by
    `torch.cuda.device_count`, and what is asked of it fails."""
    gpu_trouble()
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


@cache
def gpu_trouble() -> str:
    """What PyTorch says, once, where it looks for GPUs and can use none: the driver is too old, say; "" for nothing."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return ""
    return " ".join(" ".join(str(one.message).partition("(Triggered internally")[0].split()) for one in said)


def resolve(name: str) -> torch.device:
    """The device a spec names: auto (the first GPU, else the CPU), cpu, cuda or cuda:N.

    Raises ValueError, naming what there is, for a device this machine does not have.
    """
    if name == "auto":
        return torch.device("cuda:0" if gpus() else "cpu")
    kind, _, index = name.partition(":")
    if kind == "cpu" and not index:
        return torch.device("cpu")
    if kind == "cuda" and (index.isdigit() or name == "cuda"):
        number = int(index or 0)
        if number < gpus():
            return torch.device("cuda", number)
    there = ", ".join(device.name for device in available())
    why = f" (PyTorch says: {gpu_trouble()})" if gpu_trouble() else ""
    raise ValueError(f"device {name!r} is not on this machine; there is {there}{why}")


def is_gpu(name: str) -> bool:
    """Whether the device that a spec names is a GPU of this machine."""
    try:
        return resolve(name).type == "cuda"
    except ValueError:
        return False


def available() -> list[Device]:
    """The CPU and every GPU of this machine."""
    cuda = [torch.device("cuda", index) for index in range(gpus())]
    return [Device(name=str(device), label=label(device), memory=_memory(device)) for device in [CPU, *cuda]]


def label(device: torch.device) -> str:
    """What people call it: "NVIDIA H100", "2 cores"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = machine.cores()
    return f"{count} core" + ("s" if count > 1 else "")


def has_failed() -> bool:
    """Whether a GPU has failed for good, an assertion in a kernel say: this process can then use none any more."""
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


class Stream:
    """Where a run lets a GPU work: on a stream of its own, as CUDA graphs demand, beside those of other runs."""

    def __init__(self, name: str) -> None:
        """`name` is the device as a spec has it; where that is no GPU of this machine there is nothing to do."""
        self.device = resolve(name) if is_gpu(name) else CPU
        self._stream: torch.cuda.Stream | None = None
        if self.is_on_gpu:
            torch.cuda.synchronize(self.device)  # what earlier runs have made for all
            self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    @property
    def is_on_gpu(self) -> bool:
        """Whether it is one of a GPU."""
        return self.device.type == "cuda"

    def use(self) -> AbstractContextManager[object]:
        """Everything inside is done there; to be entered as often as one likes."""
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()


def prepare(threads: int) -> None:
    """Set torch up for a run; costs no measurable time a step.

    More than one CPU thread may change the last bits, and two shared cores are slower with two threads than with one.
    """
    torch.set_num_threads(threads)
    # "warn": an operation without a deterministic kernel is still better than a run that cannot be made. The other name
    # of this switch, use_deterministic_algorithms, tells PyTorch's compiler as well and loads it for that: 1.5 s.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # would cost time
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    # The first steps, those with which a graph is warmed up, are taken without one.
    warnings.filterwarnings("ignore", message="This instance was constructed with capturable=True")


def _memory(device: torch.device) -> int:
    """Bytes in all; 0 where unknown."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return machine.memory()
