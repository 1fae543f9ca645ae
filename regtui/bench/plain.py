"""The yardsticks that need no GPU: a DataLoader loop as people write it, and the bare loop.

Both train the engine's own model with PyTorch as it comes: no switch of the engine's set-up stays on.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Sampler

from regtui.bench.protocol import Loader, Spent
from regtui.bench.slices import Watch
from regtui.engine.training import Training
from regtui.spec import RunSpec

WARM_UP = 2
"""Steps before each slice: caches hold what others have left there."""
START = "fork" if sys.platform == "linux" else None
"""How a loader's processes begin on Linux, on Python 3.14 as well. Those of its new default, a forkserver, do not
notice that whoever wanted their batches is gone, and stay for ever."""
CLOSE = 1.3
"""Times the quickest trial of a loader, up to which another one is tried again."""


class Bare:
    """The same model on a batch that is on the device already: forward, backward, step, nothing else."""

    def __init__(self, spec: RunSpec) -> None:
        training = Training(spec)
        self.device, self.threads = training.device, training.threads
        self.model, self.batch = training.model, training.next_batch()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=spec.train.lr, fused=True)

    def slice(self, steps: int) -> Spent:
        """Take so many steps, after some that are not timed."""
        as_pytorch_comes(self.threads)
        self._train(WARM_UP)
        settle(self.device)
        watch = Watch()
        self._train(steps)
        settle(self.device)
        return watch.spent(steps)

    def _train(self, steps: int) -> None:
        for _ in range(steps):
            loss = F.cross_entropy(self.model(self.batch.inputs), self.batch.labels)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()


class LoaderLoop:
    """What people do: DataLoader with workers, torchvision's v2 transforms a sample, eager fp32, `.item()` a step.

    The transforms work on uint8 tensors, as their documentation advises; a crop and a flip take 47 us so, and 88 us on
    PIL images. The loader never comes to an end, so starting and ending its workers is in no measurement.
    """

    def __init__(self, spec: RunSpec, setup: Loader, *, randaugment: bool) -> None:
        training = Training(spec)
        self.setup, self.device = setup, training.device
        self.model: nn.Module = training.model.to(memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=spec.train.lr)
        data = training.task.train
        pictures = Pictures((data.inputs[:].cpu() * 255).round().to(torch.uint8), data.labels.cpu(), randaugment)
        loader = DataLoader(
            pictures, spec.train.batch_size, sampler=Endless(len(pictures)), num_workers=setup.workers,
            pin_memory=self.device.type == "cuda", multiprocessing_context=START if setup.workers else None,
        )  # fmt: skip
        before = set(multiprocessing.active_children())
        self.batches: Iterator[list[Tensor]] = iter(loader)
        self.pids = [child.pid for child in set(multiprocessing.active_children()) - before if child.pid]

    def slice(self, steps: int) -> Spent:
        """Take so many steps, after those for which batches may have been waiting; its workers' CPU time counts."""
        as_pytorch_comes(self.setup.threads)
        self._train(2 * self.setup.workers + WARM_UP)
        settle(self.device)
        watch = Watch(self.pids)
        self._train(steps)
        settle(self.device)
        return watch.spent(steps)

    def _train(self, steps: int) -> float:
        total = 0.0
        for _ in range(steps):
            images, labels = (part.to(self.device, non_blocking=True) for part in next(self.batches))
            loss = F.cross_entropy(self.model(images), labels)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            total += loss.item()
        return total


class Pictures(Dataset[tuple[Tensor, int]]):
    """One picture at a time, transformed by torchvision."""

    def __init__(self, images: Tensor, labels: Tensor, randaugment: bool) -> None:
        """images (N, C, H, W) uint8, labels (N,) long."""
        from torchvision.transforms import v2  # takes 2 s to import

        self.images, self.labels = images, labels.tolist()
        side = images.shape[-1]
        more = [v2.RandAugment()] if randaugment else []
        self.transform = v2.Compose(
            [v2.RandomCrop(side, padding=4), v2.RandomHorizontalFlip(), *more, v2.ToDtype(torch.float32, scale=True)]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


class Endless(Sampler[int]):
    """Permutation after permutation, for ever."""

    def __init__(self, samples: int) -> None:
        self.samples = samples

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(0)
        while True:
            yield from torch.randperm(self.samples, generator=generator).tolist()


def best_setup(spec: RunSpec, steps: int, cores: int, *, randaugment: bool) -> Loader:
    """The quickest numbers of workers and threads, over so many steps.

    Those that come close to the quickest are tried again, so that one moment of a busy machine does not decide.
    """

    def trial(setup: Loader) -> float:
        return LoaderLoop(spec, setup, randaugment=randaugment).slice(steps).wall

    seconds = {setup: trial(setup) for setup in setups(cores)}
    close = [setup for setup in seconds if seconds[setup] <= CLOSE * min(seconds.values())]
    return min(close, key=lambda setup: seconds[setup] + trial(setup)) if len(close) > 1 else close[0]


def setups(cores: int) -> list[Loader]:
    """0, 1, 2, 4, 8 ... workers and as many as there are cores; with one thread and with all of PyTorch's own."""
    workers = sorted({0, cores, *(2**power for power in range(cores.bit_length()) if 2**power <= cores)})
    return [Loader(count, threads) for count in workers for threads in sorted({1, cores})]


def as_pytorch_comes(threads: int) -> None:
    """Undo what the engine sets up for reproducible runs."""
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("default")
    torch.backends.cudnn.allow_tf32 = True


def settle(device: torch.device) -> None:
    """Wait until the device has done all it was told, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
