"""A training loop as people write it, with a monitor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui import Monitor
from regtui.store import RunHistory, replay


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * 36, 3)
    )


def pictures(count: int = 240) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(count) % 3
    return torch.rand(count, 1, 8, 8, generator=generator) + labels[:, None, None, None] * 0.3, labels


def looped(
    model: nn.Module, monitor: Monitor | None, steps: int = 30, *, inner: Callable[[int], object] = bool
) -> list[float]:
    """A plain loop as people write it; gives the losses."""
    inputs, labels = pictures()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    for step in range(steps):
        chosen = torch.randint(0, 180, (16,))
        loss = F.cross_entropy(model(inputs[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        inner(step)
        losses.append(loss.item())
        if monitor:
            monitor.step(loss)
    return losses


def watching(model: nn.Module, store: Path, **options: object) -> Monitor:
    inputs, labels = pictures()
    known = {
        "train": (inputs[:180], labels[:180]), "test": (inputs[180:], labels[180:]), "store": store, "budget": 1e9,
        "probe_every": 10, "evaluate_every": 15,
    }  # fmt: skip
    return Monitor(model, **(known | options))  # type: ignore[arg-type]


def recorded(monitor: Monitor) -> RunHistory:
    return replay(run_folder(monitor))


def run_folder(monitor: Monitor) -> Path:
    assert monitor.folder is not None
    return monitor.folder
