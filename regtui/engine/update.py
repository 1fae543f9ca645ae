"""The optimizer's part of a step, without what PyTorch wraps around it.

`Optimizer.step` asks for hooks, tells a profiler, looks up the state of each weight and sorts all of it by device; for
a small network on a CPU that is half of its time and, with as much in `zero_grad`, 3 % of the whole step. AdamW is also
there as a function of tensors (torch.optim.adamw.adamw): given the same ones, it gives the same weights, bit for bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class Update:
    """The two calls that a step makes of its optimizer."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._weights: list[Tensor] = [weight for group in optimizer.param_groups for weight in group["params"]]
        self._known: dict[str, Any] | None = None
        """The state of the first weight when those of all were gathered; a checkpoint brings another one."""
        self._state: tuple[list[Tensor], list[Tensor], list[Tensor]] = [], [], []
        """Of each weight: the averages of its gradient and of its square, and the number of its steps."""

    def forget_gradients(self) -> None:
        """Before the backward pass, which then makes new ones instead of adding to those of the last step."""
        for weight in self._weights:
            weight.grad = None

    def __call__(self) -> None:
        """New weights from the gradients that there are."""
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        if len(gradients) < len(self._weights) or not self._is_gathered():
            self._optimizer.step()  # type: ignore[no-untyped-call]
            return
        (group,) = self._optimizer.param_groups
        beta1, beta2 = group["betas"]
        averages, squares, steps = self._state
        with torch.no_grad():
            adamw(
                self._weights, gradients, averages, squares, [], steps, fused=True, amsgrad=False, beta1=beta1,
                beta2=beta2, lr=group["lr"], weight_decay=group["weight_decay"], eps=group["eps"], maximize=False,
            )  # fmt: skip

    def _is_gathered(self) -> bool:
        """Whether the state of all weights is at hand; it is not before the first step, nor for other optimizers."""
        if not isinstance(self._optimizer, torch.optim.AdamW) or not self._weights[0].is_cpu:
            return False
        state = self._optimizer.state
        if self._known is None or state.get(self._weights[0]) is not self._known:
            if len(state) < len(self._weights):
                return False
            self._known = state[self._weights[0]]
            each = [state[weight] for weight in self._weights]
            averages, squares, steps = ([one[key] for one in each] for key in ("exp_avg", "exp_avg_sq", "step"))
            self._state = averages, squares, steps
        return True
