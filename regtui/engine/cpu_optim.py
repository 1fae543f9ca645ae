"""AdamW and SGD on a CPU: PyTorch's own as functions of tensors, without the classes around them.

The first `torch.optim.Optimizer` of a process loads PyTorch's compiler, which nothing here uses: 1.6 s of CPU time
before a run can begin and 160 MB that a worker then holds for ever. In every step the class also asks for hooks, tells
a profiler and sorts the weights by device, which for a small network is half of its time and 3 % of the whole step. The
functions (torch.optim.adamw.adamw, torch.optim.sgd.sgd) get the same tensors, so new weights are the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""The defaults of torch.optim.AdamW, as of Kingma & Ba 2014 (arXiv:1412.6980)."""


class CpuOptimizer(ABC):
    """Base of both, with that much of `torch.optim.Optimizer` as a training needs. Neither decays weights."""

    def __init__(self, weights: Iterable[Tensor], lr: Tensor) -> None:
        """`lr` () is read in every step."""
        self.weights, self.lr = list(weights), lr
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        """What is kept of each weight that has moved, under the names that PyTorch's classes have for it."""

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward pass makes new ones instead of adding to these."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight that has a gradient."""
        moving = [weight for weight in self.weights if weight.grad is not None]
        gradients = [weight.grad for weight in moving if weight.grad is not None]
        if moving:
            self._move(moving, gradients)

    @abstractmethod
    def _move(self, weights: list[Tensor], gradients: list[Tensor]) -> None: ...


class AdamW(CpuOptimizer):
    """Loshchilov & Hutter 2019 (arXiv:1711.05101)."""

    def _move(self, weights: list[Tensor], gradients: list[Tensor]) -> None:
        each = [self.state.get(weight) or self._begin(weight) for weight in weights]
        averages, squares, steps = ([state[key] for state in each] for key in ("exp_avg", "exp_avg_sq", "step"))
        adamw(
            weights, gradients, averages, squares, [], steps, fused=True, amsgrad=False, beta1=BETAS[0],
            beta2=BETAS[1], lr=self.lr, weight_decay=0.0, eps=EPSILON, maximize=False,
        )  # fmt: skip

    def _begin(self, weight: Tensor) -> dict[str, Tensor]:
        step = torch.zeros((), dtype=torch.float32)
        state = {"step": step, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
        self.state[weight] = state
        return state


class SGD(CpuOptimizer):
    """With momentum, which PyTorch begins as the first gradient of each weight.

    Its fused kernel takes weights that all begin or none: in a network of somebody else's some may come later.
    """

    def __init__(self, weights: Iterable[Tensor], lr: Tensor, momentum: float) -> None:
        super().__init__(weights, lr)
        self.momentum = momentum

    def _move(self, weights: list[Tensor], gradients: list[Tensor]) -> None:
        late = [not self.state.get(weight) for weight in weights]
        if self.momentum and any(late) and not all(late):
            for begins in (False, True):
                chosen = [i for i, is_late in enumerate(late) if is_late == begins]
                self._move([weights[i] for i in chosen], [gradients[i] for i in chosen])
            return
        states = [self.state.setdefault(weight, {}) for weight in weights] if self.momentum else []
        buffers = [state.get("momentum_buffer") for state in states]
        sgd(
            weights, gradients, buffers, fused=True, weight_decay=0.0, momentum=self.momentum, lr=self.lr,
            dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip
        for state, buffer in zip(states, buffers, strict=True):
            if buffer is not None:
                state["momentum_buffer"] = buffer
