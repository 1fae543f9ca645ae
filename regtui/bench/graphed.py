"""The yardstick of a GPU: gather, augmentation, forward, backward and optimizer as one CUDA graph.

As https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture has it: a few steps on a side stream, then
the capture; replays draw anew, since the default generator of a device is registered with the graph.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from regtui.bench.plain import as_pytorch_comes, settle
from regtui.bench.protocol import Spent
from regtui.bench.slices import Watch
from regtui.engine.training import Training
from regtui.spec import RunSpec

PADDING = 4
WARM_UP = 3
"""Steps before the capture: libraries choose their kernels, the optimizer makes its state."""


class PlainStep:
    """A training step that reads and writes only tensors that stay where they are, so it can be captured."""

    def __init__(self, spec: RunSpec) -> None:
        training = Training(spec)
        self.device, self.model = training.device, training.model
        self.images, self.labels = training.task.train.inputs[:], training.task.train.labels
        self.batch_size = spec.train.batch_size
        on_gpu = self.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=spec.train.lr, fused=True, capturable=on_gpu)
        self.loss = torch.zeros((), device=self.device)
        """Sum over all steps."""
        as_pytorch_comes(training.threads)

    def __call__(self) -> None:
        chosen = torch.randint(len(self.labels), (self.batch_size,), device=self.device)  # (B,)
        loss = F.cross_entropy(self.model(crop_flip(self.images[chosen])), self.labels[chosen])
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.loss += loss.detach()


def crop_flip(images: Tensor) -> Tensor:
    """Each of the images (B, C, H, W) padded with zeros, cut back at a random place, mirrored half the time."""
    count, _, height, width = images.shape
    padded = F.pad(images, [PADDING] * 4)
    top, left = torch.randint(2 * PADDING + 1, (2, count, 1), device=images.device)  # each (B, 1)
    rows = top + torch.arange(height, device=images.device)  # (B, H)
    columns = left + torch.arange(width, device=images.device)  # (B, W)
    mirrored = torch.rand((count, 1), device=images.device) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)  # (B, C, H, W)


class GraphedStep:
    """Replays a captured step. Needs a CUDA device."""

    def __init__(self, spec: RunSpec) -> None:
        step = PlainStep(spec)
        self.device, self.step = step.device, step
        self.replay: Callable[[], None] = _captured(step)

    def slice(self, steps: int) -> Spent:
        """Take so many steps."""
        settle(self.device)
        watch = Watch()
        for _ in range(steps):
            self.replay()
        settle(self.device)
        return watch.spent(steps)


def _captured(step: PlainStep) -> Callable[[], None]:
    with torch.cuda.device(step.device):
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                step()
        torch.cuda.current_stream().wait_stream(side)
        step.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
    return graph.replay
