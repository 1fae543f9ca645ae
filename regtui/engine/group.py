"""The group of processes that torchrun starts for one worker: who they are, what they exchange, how they part.

Gradients are averaged by DistributedDataParallel, over NCCL on GPUs and gloo on CPUs
(https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html). Orders go from rank 0
to the others over gloo in a group of their own, where these wait as long as a user may let a run stand paused: that
costs no CPU time. Everything else has a short time-out, so that a rank that hangs ends the run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from regtui.commands import RunRequest
from regtui.engine import devices
from regtui.engine.models.sites import SiteModel
from regtui.engine.models.split_norms import GhostBatchNorm, SyncBatchNorm
from regtui.engine.ranks import Objective, Ranks, uniform_rows
from regtui.engine.regularizers.base import Batch
from regtui.engine.regularizers.dropout import Drawing
from regtui.modes import Mode
from regtui.spec import RunSpec

ANSWER_SECONDS = 120.0
"""How long the ranks wait for each other within a step before they give up, and rank 0 until an order is taken."""
IDLE = timedelta(days=365)
"""How long the others wait for an order."""
HEAD = 1024
"""Bytes of an order that travel in its first message; most have no more."""
SENTENCE = 400
"""Bytes of a trouble that are told to the other ranks."""
TROUBLE = "regtui/trouble"
"""Where a rank that gives up leaves the reason."""


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What rank 0 has all others do next. Without a run and steps: the run ends here."""

    run: RunRequest | None = None
    """Build this run."""
    steps: int = 0
    """Take so many steps."""
    steered: dict[str, float] = {}
    """What was changed since the last order, by key, to be set before them."""
    mode: Mode | None = None
    """In which they are taken, where that has changed."""
    leave: bool = False
    """No further run will come."""


class Group(Ranks):
    """This process among those of its torchrun. Every method but `total` is called by all ranks in the same order."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Meet the others. Raises RuntimeError where they do not come."""
        self.answer_seconds = answer_seconds
        self.local_rank = int(os.environ["LOCAL_RANK"])
        self.told_to_go = False
        """Whether torchrun has asked this process to end."""
        self.is_broken = False
        """Whether the ranks no longer agree on what comes next."""
        self._store, self.rank, self.world = next(iter(rendezvous("env://")))
        gpus = devices.gpus()
        if self.local_rank < gpus:
            torch.cuda.set_device(self.local_rank)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            store=self._store,
            rank=self.rank,
            world_size=self.world,
            timeout=timedelta(seconds=answer_seconds),
        )
        # A rank that hangs does not even take an order, for which rank 0 therefore does not wait as long.
        orders = dist.new_group(backend="gloo", timeout=IDLE if self.rank else timedelta(seconds=answer_seconds))
        assert isinstance(orders, dist.ProcessGroup)  # what is no member of a group gets a number
        self._orders = orders
        self._wire = torch.device("cpu")
        """Where the tensors of the run are, once it is built."""

    # -- what a step needs ---------------------------------------------------------------------------------------

    def device_name(self, name: str) -> str:
        if name == "cpu" or (name == "auto" and not devices.gpus()):
            return "cpu"
        if name not in ("auto", "cuda"):
            raise ValueError(
                f"device is {name!r}, and {self.world} processes train together, each on a GPU of its own; allowed are "
                "auto, cuda and cpu"
            )
        gpus = devices.gpus()
        if self.local_rank >= gpus:
            raise ValueError(
                f"process {self.local_rank} of this machine has no GPU, of which there are {gpus}; start no more "
                "processes than GPUs (torchrun --nproc-per-node) or train with --device cpu"
            )
        return f"cuda:{self.local_rank}"

    def objective(self, model: SiteModel) -> Objective:
        # Kernels of one channel have two names for one memory layout, which torch takes for two layouts.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        parallel = DistributedDataParallel(_Loss(model))
        self._wire = next(model.parameters()).device

        for module in model.modules():
            if isinstance(module, SyncBatchNorm):
                module.ranks = self

        def objective(batch: Batch) -> tuple[Tensor, Tensor]:
            with self._stepping(model):
                loss, logits = parallel(batch)
                return loss, logits

        return objective

    def mean(self, value: Tensor) -> Tensor:
        value = value.detach().clone()
        dist.all_reduce(value)
        return value / self.world

    def means(self, values: list[float]) -> list[float]:
        sums = torch.tensor(values, dtype=torch.float64, device=self._wire)
        if values:
            dist.all_reduce(sums)
        return [float(value) / self.world for value in sums.tolist()]

    def total(self, value: Tensor) -> Tensor:
        summed: Tensor = _Total.apply(value)
        return summed

    # -- what goes on between steps ------------------------------------------------------------------------------

    def check(self, spec: RunSpec) -> None:
        """Raises ValueError for a batch, or its parts in a norm, that cannot be shared evenly."""
        if spec.train.batch_size % self.world:
            raise ValueError(
                f"train.batch_size is {spec.train.batch_size}, which {self.world} processes cannot share evenly; "
                f"allowed is a multiple of {self.world}"
            )
        for entry in spec.stack:
            if entry.name == "ghost_batchnorm" and int(entry.params["parts"]) % self.world:
                raise ValueError(
                    f"{entry.key}.parts is {entry.params['parts']}, which {self.world} processes cannot share evenly; "
                    f"allowed is a multiple of {self.world}"
                )

    def order(self, order: Order) -> None:
        """Rank 0: tell the others what to do next."""
        text = msgspec.json.encode(order)
        head = len(text).to_bytes(8, "big") + text[: HEAD - 8]
        self._pass_on(_bytes(head.ljust(HEAD, b"\0")))
        if rest := text[HEAD - 8 :]:
            self._pass_on(_bytes(rest))

    def next_order(self) -> Order:
        """The other ranks: wait for what rank 0 says, however long that takes."""
        head = torch.empty(HEAD, dtype=torch.uint8)
        self._pass_on(head)
        text = bytes(head.tolist())
        length, text = int.from_bytes(text[:8], "big"), text[8:]
        if length > len(text):
            rest = torch.empty(length - len(text), dtype=torch.uint8)
            self._pass_on(rest)
            text += bytes(rest.tolist())
        return msgspec.json.decode(text[:length], type=Order)

    def agree(self, trouble: str) -> str:
        """The trouble of the first rank that has one, "" where none has."""
        own = _bytes(trouble.encode()[:SENTENCE].ljust(SENTENCE, b"\0"))
        everyones = [torch.empty_like(own) for _ in range(self.world)]
        dist.all_gather(everyones, own, group=self._orders)
        told = [bytes(sentence.tolist()).rstrip(b"\0").decode(errors="ignore") for sentence in everyones]
        return next((sentence for sentence in told if sentence), "")

    def spread(self, content: bytes) -> bytes:
        """The bytes that rank 0 has, on every rank."""
        length = torch.tensor([len(content)])
        self._pass_on(length)
        whole = _bytes(content) if self.rank == 0 else torch.empty(int(length), dtype=torch.uint8)
        self._pass_on(whole)
        return content if self.rank == 0 else whole.numpy().tobytes()

    def give_up(self, reason: str) -> None:
        """Leave the reason where rank 0 looks for it; this process must end then, and torchrun ends the others."""
        try:
            self._store.set(TROUBLE, f"process {self.rank}: {reason}")
        except RuntimeError:  # the store is gone, and with it everybody who would read
            pass

    def reason(self, seconds: float) -> str:
        """Why another rank gave up, waiting so long for the sentence; "" where none came."""
        try:
            self._store.wait([TROUBLE], timedelta(seconds=seconds))
            return bytes(self._store.get(TROUBLE)).decode(errors="replace")
        except RuntimeError:
            return ""

    def _pass_on(self, tensor: Tensor) -> None:
        """From rank 0 to the others, on the CPU; waits as long as it takes."""
        dist.broadcast(tensor, 0, group=self._orders)

    @contextmanager
    def _stepping(self, model: SiteModel) -> Iterator[None]:
        """Layers have a part of the batch: they draw for all of it and normalize only the parts that are here."""
        drawing = [module for module in model.modules() if isinstance(module, Drawing)]
        parted = {module: module.parts for module in model.modules() if isinstance(module, GhostBatchNorm)}
        self.together = True
        for layer in drawing:
            layer.uniform = partial(uniform_rows, generator=layer.generator, ranks=self)  # type: ignore[method-assign]
        for norm, parts in parted.items():
            norm.parts = parts // self.world
        try:
            yield
        finally:
            self.together = False
            for layer in drawing:
                del layer.uniform
            for norm, parts in parted.items():
                norm.parts = parts


class _Loss(nn.Module):
    """DistributedDataParallel watches a forward pass; this one ends with the loss."""

    def __init__(self, model: SiteModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.model.loss(batch)


class _Total(torch.autograd.Function):
    """The sum over all ranks, of values on the way there and of gradients on the way back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ARG004
        summed = value.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        summed = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed


def _bytes(text: bytes) -> Tensor:
    return torch.frombuffer(bytearray(text), dtype=torch.uint8) if text else torch.empty(0, dtype=torch.uint8)
