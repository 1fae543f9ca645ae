"""The optimizer and its learning rate, which the step reads from a tensor so that it can be steered."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from regtui.engine import cpu_optim
from regtui.engine.cpu_optim import CpuOptimizer
from regtui.spec import TrainSpec

WARM_UP = 0.3
"""Part of the steps in which onecycle rises to its peak, as in OneCycleLR (Smith & Topin 2017, arXiv:1708.07120)."""


def schedule_factor(schedule: str, step: int, total: int) -> float:
    """What the peak learning rate is multiplied with in one step.

    step   counted from 0
    total  steps of the whole run

    Every factor is in (0, 1]: the cosine would reach 0 one step after the last, so no step is without effect.
    Raises ValueError for a schedule that does not exist.
    """
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return _cosine(step / total)
    if schedule == "onecycle":
        rising = max(1, round(WARM_UP * total))
        if step < rising:
            return (step + 1) / rising
        return _cosine((step - rising + 1) / (total - rising + 1))
    raise ValueError(f"schedule is {schedule!r}; allowed is constant, cosine or onecycle")


def _cosine(progress: float) -> float:
    """From 1 at progress 0 to 0 at progress 1."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


class LearningRate:
    """The peak rate, which can be steered, times the schedule, in a 0-dim tensor that the optimizer reads."""

    def __init__(self, train: TrainSpec, total: int, device: torch.device) -> None:
        self.peak = train.lr
        """Changed by steering, from the next step on."""
        self.value = torch.tensor(train.lr, device=device)
        """() float, the rate of the step that is being taken."""
        self._schedule = train.schedule
        self._total = total

    def at(self, step: int) -> float:
        """The rate of a step counted from 0."""
        return self.peak * schedule_factor(self._schedule, step, self._total)

    def advance_to(self, step: int) -> Tensor:
        """Write the rate of that step; a fill on the device, without a wait for it."""
        return self.value.fill_(self.at(step))

    def set(self, peak: float) -> None:
        """Steer the peak. Raises ValueError unless it is a finite number above 0."""
        if not 0.0 < peak < math.inf:
            raise ValueError(f"train.lr is {peak!r}; allowed is a finite number above 0")
        self.peak = peak


def build(model: nn.Module, train: TrainSpec, lr: Tensor) -> torch.optim.Optimizer | CpuOptimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) or SGD with momentum, in their fused kernels.

    Neither decays weights here: decay is a regularizer and comes from the stack. On a GPU a CUDA graph can hold their
    steps; SGD has no state that would have to be told so.
    Raises ValueError for an optimizer that does not exist.
    """
    parameters = list(model.parameters())
    if train.optimizer == "adamw":
        if lr.is_cpu:
            return cpu_optim.AdamW(parameters, lr)
        return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.0, fused=True, capturable=lr.is_cuda)
    if train.optimizer == "sgd":
        if lr.is_cpu:
            return cpu_optim.SGD(parameters, lr, train.momentum)
        return torch.optim.SGD(parameters, lr=lr, momentum=train.momentum, weight_decay=0.0, fused=True)
    raise ValueError(f"optimizer is {train.optimizer!r}; allowed is adamw or sgd")
